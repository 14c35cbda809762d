package krites.reward;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.port.RewardFunction;

/**
 * The reward of the recipe: {@code (1 - w) * accuracy + w * format}.
 *
 * <p>Accuracy of a critic prompt is whether the boxed verdict is the label; of a policy or caption
 * prompt, whether the boxed answer is graded equal to the expected one. Format is the layout that
 * the task asks for. A box counts wherever it stands, so the two terms are independent. Source:
 * LLaVA-Critic-R1 {@code examples/reward_function/math.py}.
 */
public final class CriticReward implements RewardFunction {
  /** The weight that LLaVA-Critic-R1 trains with. */
  public static final double DEFAULT_FORMAT_WEIGHT = 0.1;

  private final double formatWeight;

  /** The published reward. */
  public CriticReward() {
    this(DEFAULT_FORMAT_WEIGHT);
  }

  /**
   * A reward with another weight of the format term.
   *
   * @param formatWeight from 0 (preference alone) to 1 (format alone)
   * @throws IllegalArgumentException if the weight is outside
   */
  public CriticReward(double formatWeight) {
    this.formatWeight = AnswerScore.checkedWeight(formatWeight);
  }

  /**
   * Scores one response; terms {@code accuracy} and {@code format}, 0 or 1 each.
   *
   * @throws IllegalArgumentException if the answer of a critic prompt is no label
   */
  @Override
  public Reward score(Prompt prompt, Response response) {
    AnswerScore score = score(prompt, response.text());
    Map<String, Double> terms = new LinkedHashMap<>();
    terms.put("accuracy", score.accuracy());
    terms.put("format", score.format());
    return new Reward(score.overall(), terms);
  }

  /** Scores the text of a response, for callers that have no tokens. */
  public AnswerScore score(Prompt prompt, String response) {
    String text = WhitespaceSqueeze.squeeze(response);
    String box = BoxedAnswer.extract(text);
    return switch (prompt.task()) {
      case CRITIC ->
          AnswerScore.weighted(
              formatWeight, FormatRule.THINK_BOXED.matches(text), prefers(box, prompt));
      case POLICY ->
          AnswerScore.weighted(
              formatWeight,
              FormatRule.THINK_BOXED.matches(text),
              AnswerGrader.grade(box, prompt.answer()));
      case CAPTION ->
          AnswerScore.weighted(
              formatWeight,
              FormatRule.CAPTION_THINK_BOXED.matches(text),
              AnswerGrader.grade(box, prompt.answer()));
    };
  }

  private static boolean prefers(String box, Prompt prompt) {
    Label label =
        VerdictReader.label(prompt.answer())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "prompt "
                            + prompt.id()
                            + " has the label \""
                            + prompt.answer()
                            + "\", expected 1, 2, first, second, A, B or tie"));
    Optional<Label> verdict = VerdictReader.read(box, VerdictReader.spelling(prompt.answer()));
    return verdict.filter(seen -> seen == label).isPresent();
  }
}
