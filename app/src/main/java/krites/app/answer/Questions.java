package krites.app.answer;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.InputError;
import krites.data.CritiquePrompt;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.Task;

/** The prompts that a person's question becomes, in the words of training. */
public final class Questions {
  private static final String PLACEHOLDER = Prompt.IMAGE_PLACEHOLDER;

  private Questions() {}

  /**
   * A question, answered freely or, with an instruction, in its layout. The images stand before the
   * text, or where the text has a placeholder for each.
   *
   * @throws InputError if the text has placeholders, but not one for each image
   */
  static Prompt ask(String question, List<ImageRef> images, Optional<String> instruction) {
    int placed = placeholders(question);
    if (placed > 0 && placed != images.size()) {
      throw new InputError(
          "the question has "
              + placed
              + " "
              + PLACEHOLDER
              + " for "
              + images.size()
              + " images; expected one for each image, or none at all");
    }
    int before = placed == 0 ? images.size() : 0;
    String text =
        instruction
            .map(line -> CritiquePrompt.withImages(CritiquePrompt.policy(question, line), before))
            .orElse(PLACEHOLDER.repeat(before) + question);
    return prompt("ask", Task.POLICY, text, images);
  }

  /**
   * Which of two responses is better, word for word as a critic is trained.
   *
   * @throws InputError if a text has an image placeholder
   */
  static Prompt critique(
      String question, List<ImageRef> images, String first, String second, String instruction) {
    requireNoPlaceholder("the question", question);
    requireNoPlaceholder("the first response", first);
    requireNoPlaceholder("the second response", second);
    String body = CritiquePrompt.critic(question, first, second, instruction);
    return prompt("critique", Task.CRITIC, CritiquePrompt.withImages(body, images.size()), images);
  }

  /**
   * A text of the model that may stand in a prompt: what would read as an image or as a token of
   * the chat template is spaced out.
   */
  public static String harmless(String generated) {
    return generated.replace(PLACEHOLDER, "< image >").replace("<|", "< |");
  }

  /** A prompt without a truth that shows its images before its text. */
  public static Prompt pictured(String id, Task task, List<ImageRef> images, String text) {
    return prompt(id, task, PLACEHOLDER.repeat(images.size()) + text, images);
  }

  private static Prompt prompt(String id, Task task, String text, List<ImageRef> images) {
    return new Prompt(id, task, text, images, "", Map.of());
  }

  static void requireNoPlaceholder(String what, String text) {
    if (text.contains(PLACEHOLDER)) {
      throw new InputError(
          what + " contains " + PLACEHOLDER + ", which is put before the question by itself");
    }
  }

  private static int placeholders(String text) {
    int found = 0;
    for (int at = text.indexOf(PLACEHOLDER); at >= 0; at = text.indexOf(PLACEHOLDER, at + 1)) {
      found++;
    }
    return found;
  }
}
