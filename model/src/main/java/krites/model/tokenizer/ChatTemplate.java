package krites.model.tokenizer;

import java.util.Arrays;
import java.util.List;
import krites.model.image.PatchGrid;

/**
 * The chat layout of Qwen2.5-VL.
 *
 * <p>Source: {@code chat_template} of the published Qwen2.5-VL-7B-Instruct, without video and
 * picture numbers.
 */
public final class ChatTemplate {
  public static final String MESSAGE_START = "<|im_start|>";
  public static final String MESSAGE_END = "<|im_end|>";
  public static final String VISION_START = "<|vision_start|>";
  public static final String IMAGE_PAD = "<|image_pad|>";
  public static final String VISION_END = "<|vision_end|>";

  /** What the template says when the conversation does not begin with a system message. */
  public static final String DEFAULT_SYSTEM = "You are a helpful assistant.";

  private ChatTemplate() {}

  /**
   * The text of a conversation, with one image pad for each picture.
   *
   * @param addGenerationPrompt whether to open the assistant's turn at the end
   */
  public static String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
    StringBuilder text = new StringBuilder();
    if (!messages.isEmpty() && !messages.getFirst().role().equals("system")) {
      append(text, ChatMessage.text("system", DEFAULT_SYSTEM));
    }
    messages.forEach(message -> append(text, message));
    if (addGenerationPrompt) {
      text.append(MESSAGE_START).append("assistant\n");
    }
    return text.toString();
  }

  private static void append(StringBuilder text, ChatMessage message) {
    text.append(MESSAGE_START).append(message.role()).append('\n');
    for (ChatMessage.Part part : message.content()) {
      switch (part) {
        case ChatMessage.Text(String words) -> text.append(words);
        case ChatMessage.Image() -> text.append(VISION_START).append(IMAGE_PAD).append(VISION_END);
      }
    }
    text.append(MESSAGE_END).append('\n');
  }

  /**
   * Repeats each image pad once for every token that the vision tower will give for its picture.
   *
   * @param ids the ids of a rendered conversation, one pad a picture
   * @param imagePadId the id of {@link #IMAGE_PAD}
   * @param grids the patch grids of the pictures in order
   * @param mergeSize patches along a side that make one token
   * @throws IllegalArgumentException if there are not as many pads as grids
   */
  public static int[] expandImagePads(
      int[] ids, int imagePadId, List<PatchGrid> grids, int mergeSize) {
    long pads = Arrays.stream(ids).filter(id -> id == imagePadId).count();
    if (pads != grids.size()) {
      throw new IllegalArgumentException(
          pads + " image pads in the prompt for " + grids.size() + " images");
    }
    int imageTokens = grids.stream().mapToInt(grid -> grid.mergedTokens(mergeSize)).sum();
    int[] expanded = new int[ids.length - grids.size() + imageTokens];
    int at = 0;
    int image = 0;
    for (int id : ids) {
      int copies = id == imagePadId ? grids.get(image++).mergedTokens(mergeSize) : 1;
      Arrays.fill(expanded, at, at + copies, id);
      at += copies;
    }
    return expanded;
  }
}
