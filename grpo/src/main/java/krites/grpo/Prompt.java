package krites.grpo;

import java.util.List;
import java.util.Map;

/**
 * One question to the model, with the answer that a reward compares against.
 *
 * @param id unique in its dataset, stable from run to run
 * @param task critic, policy or caption
 * @param text the whole text of the user turn, format instruction included; each {@code <image>} in
 *     it stands for the next image of {@code images}
 * @param images names of the images, in the order of their placeholders
 * @param answer the ground truth: {@code 1} or {@code 2} for a critic prompt, the expected answer
 *     for a policy prompt
 * @param tags what reports group by (question kind, error type, source); not used in training
 */
public record Prompt(
    String id,
    Task task,
    String text,
    List<ImageRef> images,
    String answer,
    Map<String, String> tags) {

  /** Where an image stands in {@link #text}. */
  public static final String IMAGE_PLACEHOLDER = "<image>";

  public Prompt {
    if (id.isBlank()) {
      throw new IllegalArgumentException("a prompt needs an id");
    }
    images = List.copyOf(images);
    tags = Map.copyOf(tags);
    int placeholders = count(text);
    if (placeholders != images.size()) {
      throw new IllegalArgumentException(
          "prompt "
              + id
              + " has "
              + placeholders
              + " "
              + IMAGE_PLACEHOLDER
              + " placeholders for "
              + images.size()
              + " images");
    }
  }

  private static int count(String text) {
    int found = 0;
    for (int at = text.indexOf(IMAGE_PLACEHOLDER);
        at >= 0;
        at = text.indexOf(IMAGE_PLACEHOLDER, at + 1)) {
      found++;
    }
    return found;
  }
}
