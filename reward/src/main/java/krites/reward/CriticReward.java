package krites.reward;

import java.util.LinkedHashMap;
import java.util.List;
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

  /** The term that says what α was, where it changes; the metric is its mean. */
  static final String WEIGHT_TERM = "format_weight";

  static final String ACCURACY = "accuracy";
  static final String FORMAT = "format";

  private final FormatWeight formatWeight;

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
    this(FormatWeight.fixed(formatWeight));
  }

  /** A reward whose weight of the format term may change while training goes on. */
  public CriticReward(FormatWeight formatWeight) {
    this.formatWeight = formatWeight;
  }

  /**
   * Scores one response; terms {@code accuracy} and {@code format}, 0 or 1 each.
   *
   * @throws IllegalArgumentException if the answer of a critic prompt is no label
   */
  @Override
  public Reward score(Prompt prompt, Response response) {
    return score(prompt, response, formatWeight.of(List.of(response)));
  }

  @Override
  public List<Reward> scoreAll(Prompt prompt, List<Response> responses) {
    double weight = formatWeight.of(responses);
    return responses.stream().map(response -> score(prompt, response, weight)).toList();
  }

  private Reward score(Prompt prompt, Response response, double weight) {
    AnswerScore score = score(prompt, response.text(), weight);
    Map<String, Double> terms = new LinkedHashMap<>();
    terms.put(ACCURACY, score.accuracy());
    terms.put(FORMAT, score.format());
    if (formatWeight.changes()) {
      terms.put(WEIGHT_TERM, weight);
    }
    return new Reward(score.overall(), terms);
  }

  /**
   * Scores the text of a response, for callers that have no tokens, with the weight of the start.
   */
  public AnswerScore score(Prompt prompt, String response) {
    return score(prompt, response, formatWeight.start());
  }

  private static AnswerScore score(Prompt prompt, String response, double weight) {
    String text = WhitespaceSqueeze.squeeze(response);
    return AnswerScore.weighted(weight, isInLayout(prompt, text), isRight(prompt, text));
  }

  /** Whether a squeezed text has the layout that the task asks for. */
  static boolean isInLayout(Prompt prompt, String text) {
    return switch (prompt.task()) {
      case CRITIC, POLICY -> FormatRule.THINK_BOXED.matches(text);
      case CAPTION -> FormatRule.CAPTION_THINK_BOXED.matches(text);
    };
  }

  /** Whether the box of a squeezed text holds the label, or the expected answer. */
  static boolean isRight(Prompt prompt, String text) {
    String box = BoxedAnswer.extract(text);
    return switch (prompt.task()) {
      case CRITIC -> prefers(box, prompt);
      case POLICY, CAPTION -> AnswerGrader.grade(box, prompt.answer());
    };
  }

  /** Whether {@link #isRight} can be asked of a prompt: there is an expected answer. */
  static boolean hasTruth(Prompt prompt) {
    return switch (prompt.task()) {
      case CRITIC -> VerdictReader.label(prompt.answer()).isPresent();
      case POLICY, CAPTION -> !prompt.answer().isBlank();
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
