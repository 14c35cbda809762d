package krites.reward;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.port.RewardFunction;

/**
 * A reward of somebody else's in the place of the preference term: {@code (1 - w) * theirs + w *
 * format}.
 *
 * <p>Terms are {@code external} (the total of theirs), their own terms, {@code format} (the layout,
 * unless they give a term of this name, which then counts) and, for people who compare, {@code
 * accuracy} by the label or the expected answer where the prompt has one, unless they give it; it
 * earns nothing here.
 */
public final class ExternalReward implements RewardFunction {
  /** The term that holds the total of the other reward. */
  public static final String TERM = "external";

  private final RewardFunction external;
  private final FormatWeight formatWeight;

  /**
   * @param external the reward to ask
   * @param formatWeight of the format term
   */
  public ExternalReward(RewardFunction external, FormatWeight formatWeight) {
    this.external = external;
    this.formatWeight = formatWeight;
  }

  @Override
  public Reward score(Prompt prompt, Response response) {
    return scoreAll(prompt, List.of(response)).getFirst();
  }

  /**
   * Asks for the rewards of a group.
   *
   * @throws IllegalStateException if the answer is no reward for each response, with finite terms
   */
  @Override
  public List<Reward> scoreAll(Prompt prompt, List<Response> responses) {
    List<Reward> theirs = ask(prompt, responses);
    if (theirs.size() != responses.size()) {
      throw new IllegalStateException(
          "the reward gave " + theirs.size() + " rewards for " + responses.size() + " responses");
    }
    double weight = formatWeight.of(responses);
    List<Reward> rewards = new ArrayList<>();
    for (int i = 0; i < responses.size(); i++) {
      Reward one = Objects.requireNonNull(theirs.get(i), "the reward gave null for a response");
      rewards.add(combined(prompt, responses.get(i), one, weight));
    }
    return rewards;
  }

  private List<Reward> ask(Prompt prompt, List<Response> responses) {
    try {
      return Objects.requireNonNull(
          external.scoreAll(prompt, responses), "the reward gave null for a group");
    } catch (LinkageError | AssertionError | StackOverflowError e) {
      // Its author's mistake must cost a try and not a worker.
      throw new IllegalStateException("the reward failed with " + e, e);
    }
  }

  private Reward combined(Prompt prompt, Response response, Reward theirs, double weight) {
    String text = WhitespaceSqueeze.squeeze(response.text());
    Map<String, Double> terms = new LinkedHashMap<>();
    terms.put(TERM, theirs.total());
    terms.putAll(theirs.terms());
    double format =
        terms.computeIfAbsent(
            CriticReward.FORMAT, _ -> CriticReward.isInLayout(prompt, text) ? 1.0 : 0.0);
    if (CriticReward.hasTruth(prompt)) {
      terms.computeIfAbsent(
          CriticReward.ACCURACY, _ -> CriticReward.isRight(prompt, text) ? 1.0 : 0.0);
    }
    if (formatWeight.changes()) {
      terms.put(CriticReward.WEIGHT_TERM, weight);
    }
    terms.forEach(
        (name, value) -> {
          if (value == null || !Double.isFinite(value)) {
            throw new IllegalStateException("the reward gave " + value + " for its term " + name);
          }
        });
    return new Reward((1 - weight) * theirs.total() + weight * format, terms);
  }
}
