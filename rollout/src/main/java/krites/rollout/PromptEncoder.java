package krites.rollout;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import krites.grpo.EncodedPrompt;
import krites.grpo.ImageGrid;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.TokenIds;
import krites.grpo.port.ImageStore;
import krites.model.image.ImagePipeline;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.tokenizer.ChatMessage;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.Tokenizer;

/**
 * A prompt becomes tokens and patches: one user turn in the chat template, behind a system turn
 * where one is given, image placeholders expanded by their grids.
 *
 * <p>Source: {@code _build_messages} of EasyR1's {@code verl/utils/dataset.py}; Qwen2.5-VL's chat
 * template.
 */
public final class PromptEncoder {
  private final Tokenizer tokenizer;
  private final ImageStore images;
  private final ImagePipeline pipeline;
  private final int imagePad;
  private final ChatTemplate template;
  private final Optional<String> system;
  private final int imagesKept;

  /** The images of the last prompts, the one that was used longest ago first. */
  private final LinkedHashMap<ImageRef, ProcessedImage> kept = new LinkedHashMap<>(16, 0.75f, true);

  /** A prompt ready for the network. */
  public record Encoded(EncodedPrompt prompt, List<ProcessedImage> images) {}

  /** An encoder with the published chat template. */
  public PromptEncoder(Tokenizer tokenizer, ImageStore images, ImagePipeline pipeline) {
    this(tokenizer, ChatTemplate.published(), images, pipeline);
  }

  /** As in training: the template's own system turn, and no image is kept. */
  public PromptEncoder(
      Tokenizer tokenizer, ChatTemplate template, ImageStore images, ImagePipeline pipeline) {
    this(tokenizer, template, images, pipeline, Optional.empty(), 0);
  }

  /**
   * An encoder for questions that come back to the same images.
   *
   * @param system what the system turn says; empty for the template's own
   * @param imagesKept processed images that are kept at most; one that comes back is not decoded
   *     again, and as the same object goes through the vision tower once in a batch. An image of a
   *     megapixel takes 12 MB
   */
  public PromptEncoder(
      Tokenizer tokenizer,
      ChatTemplate template,
      ImageStore images,
      ImagePipeline pipeline,
      Optional<String> system,
      int imagesKept) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.images = images;
    this.pipeline = pipeline;
    this.imagePad = tokenizer.requireId(ChatTemplate.IMAGE_PAD);
    this.system = system;
    this.imagesKept = imagesKept;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * Encodes a prompt.
   *
   * @throws IOException if an image cannot be read
   * @throws krites.model.image.ImageException if an image cannot be decoded
   */
  public Encoded encode(Prompt prompt) throws IOException {
    List<ProcessedImage> processed = new ArrayList<>();
    for (ImageRef image : prompt.images()) {
      processed.add(process(image));
    }
    List<PatchGrid> grids = processed.stream().map(ProcessedImage::grid).toList();
    List<ChatMessage> turns = new ArrayList<>();
    system.ifPresent(words -> turns.add(ChatMessage.text("system", words)));
    turns.add(message(prompt.text()));
    String text = template.text(turns, true, false);
    int[] ids =
        ChatTemplate.expandImagePads(
            tokenizer.encode(text), imagePad, grids, pipeline.processor().mergeSize());
    return new Encoded(
        new EncodedPrompt(
            TokenIds.of(ids),
            grids.stream().map(grid -> new ImageGrid(grid.t(), grid.h(), grid.w())).toList()),
        processed);
  }

  private ProcessedImage process(ImageRef image) throws IOException {
    ProcessedImage known = kept.get(image);
    if (known != null) {
      return known;
    }
    ProcessedImage fresh = pipeline.process(images.read(image), image.name());
    if (imagesKept > 0) {
      kept.put(image, fresh);
      while (kept.size() > imagesKept) {
        kept.pollFirstEntry();
      }
    }
    return fresh;
  }

  private static ChatMessage message(String text) {
    List<ChatMessage.Part> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(Prompt.IMAGE_PLACEHOLDER);
        at >= 0;
        at = text.indexOf(Prompt.IMAGE_PLACEHOLDER, from)) {
      if (at > from) {
        parts.add(new ChatMessage.Text(text.substring(from, at)));
      }
      parts.add(new ChatMessage.Image());
      from = at + Prompt.IMAGE_PLACEHOLDER.length();
    }
    if (from < text.length()) {
      parts.add(new ChatMessage.Text(text.substring(from)));
    }
    return ChatMessage.user(parts.toArray(ChatMessage.Part[]::new));
  }
}
