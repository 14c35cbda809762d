package krites.data;

import krites.grpo.Prompt;

/**
 * The texts of the user turn: first the image placeholder, last, but for captions, an instruction.
 */
public final class CritiquePrompt {
  /**
   * The instruction of the published critic training, word for word.
   *
   * <p>Source: {@code examples/format_prompt/math_format.jinja} of the LLaVA-Critic-R1 trainer.
   */
  public static final String PUBLISHED_INSTRUCTION =
      "You FIRST think about the reasoning process as an internal monologue and then provide the"
          + " final answer. The reasoning process MUST BE enclosed within <think> </think> tags."
          + " The final answer MUST BE put in \\boxed{}.";

  /** The instruction of the built-in world: the same demand in ten tokens. */
  public static final String SHORT_INSTRUCTION = "Think in <think>, answer in \\boxed{}.";

  /** Offers a tie as a third verdict, spelled as the reward reads it. */
  public static final String OR_TIE = "If both are equally good, answer tie.";

  private CritiquePrompt() {}

  /** Asks for an answer to the question. */
  public static String policy(String question, String instruction) {
    return Prompt.IMAGE_PLACEHOLDER + "Question: " + question + "\n" + instruction;
  }

  /**
   * Asks which of two responses to the question is better; the wording follows LLaVA-Critic's
   * bracketed fields.
   */
  public static String critic(String question, String first, String second, String instruction) {
    return Prompt.IMAGE_PLACEHOLDER
        + "Question: [ "
        + question
        + " ] The first response: [ "
        + first
        + " ] The second response: [ "
        + second
        + " ] Which response is better?\n"
        + instruction;
  }

  /** The same with a tie as a third verdict. */
  public static String criticOrTie(
      String question, String first, String second, String instruction) {
    return critic(question, first, second, OR_TIE + "\n" + instruction);
  }

  /**
   * The same turn about another number of images, which stand before the text.
   *
   * @param body of one of the methods above, about one image
   * @param images at least none
   */
  public static String withImages(String body, int images) {
    String placeholder = Prompt.IMAGE_PLACEHOLDER;
    return placeholder.repeat(images) + body.substring(placeholder.length());
  }

  /** Asks for a description. */
  public static String caption() {
    return Prompt.IMAGE_PLACEHOLDER + "Describe the picture.";
  }
}
