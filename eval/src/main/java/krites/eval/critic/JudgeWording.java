package krites.eval.critic;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.data.CritiquePrompt;

/**
 * How a pair is put to a judge.
 *
 * @param name for reports
 * @param template the text, with {@code {q}}, {@code {a}}, {@code {b}} or {@code {question}},
 *     {@code {answer_a}}, {@code {answer_b}}; empty for the wording of training
 */
public record JudgeWording(String name, Optional<String> template) {
  private static final Pattern FIELD = Pattern.compile("\\{(q|a|b|question|answer_a|answer_b)\\}");

  /** The wording that critics are trained on here. */
  public static final JudgeWording TRAINED = new JudgeWording("trained", Optional.empty());

  /**
   * A judge that weighs four points and ends with the sentence that VL-RewardBench's program reads.
   * The words are ours; the published ones may be given as a file.
   */
  public static final JudgeWording JUDGE =
      new JudgeWording(
          "judge",
          Optional.of(
              """
              You are shown a question about a picture and two answers to it. Look at the picture, \
              weigh both answers, and decide which one is better.

              Question: {q}

              Answer 1: {a}

              Answer 2: {b}

              Weigh these points:
              1. Accuracy: does the answer agree with what the picture shows?
              2. Completeness: does it answer all of the question?
              3. Clarity: is it easy to understand?
              4. Relevance: does it keep to the question and the picture?

              Say for each point what you see, then give your overall judgment in a line of this \
              form: Overall Judgment: Answer X is better.
              """));

  public JudgeWording {
    template.ifPresent(JudgeWording::requireFields);
  }

  private static void requireFields(String text) {
    boolean letters = text.contains("{q}") && text.contains("{a}") && text.contains("{b}");
    boolean words =
        text.contains("{question}") && text.contains("{answer_a}") && text.contains("{answer_b}");
    if (!letters && !words) {
      throw new IllegalArgumentException(
          "a judge's wording needs {q}, {a} and {b}, or {question}, {answer_a} and {answer_b}");
    }
  }

  /**
   * The text of the user turn without pictures.
   *
   * @param instruction last sentence; empty text for none
   */
  public String text(String question, String first, String second, String instruction) {
    if (template.isEmpty()) {
      return CritiquePrompt.withImages(
          CritiquePrompt.critic(question, first, second, instruction), 0);
    }
    Map<String, String> fields =
        Map.of(
            "q",
            question,
            "a",
            first,
            "b",
            second, //
            "question",
            question,
            "answer_a",
            first,
            "answer_b",
            second);
    // One pass: a response may hold "{b}" itself. No separator before the instruction, as in the
    // scripts of LLaVA-Critic-R1.
    return FIELD
            .matcher(template.get())
            .replaceAll(field -> Matcher.quoteReplacement(fields.getOrDefault(field.group(1), "")))
        + instruction;
  }
}
