package krites.reward;

import java.util.List;
import krites.grpo.Response;

/**
 * The weight of the format term, α: fixed, or going in a straight line from one value to another
 * while training goes on.
 *
 * <p>How far training is, the responses say themselves: by the oldest version that made a token of
 * the group. So a group earns the same whenever and wherever it is scored, after a resume too, and
 * all its responses are weighed alike.
 *
 * @param start weight of what the start model samples, from 0 to 1
 * @param end weight of what version {@code steps} and later ones sample, from 0 to 1
 * @param steps versions over which it changes; 0 keeps the start
 */
public record FormatWeight(double start, double end, int steps) {
  public FormatWeight {
    AnswerScore.checkedWeight(start);
    AnswerScore.checkedWeight(end);
    if (steps < 0) {
      throw new IllegalArgumentException("a format weight over " + steps + " steps");
    }
  }

  /** One weight for the whole run. */
  public static FormatWeight fixed(double weight) {
    return new FormatWeight(weight, weight, 0);
  }

  /** Whether it depends on the version. */
  public boolean changes() {
    return steps > 0 && start != end;
  }

  /** The weight for what a version samples. */
  public double at(long version) {
    if (!changes()) {
      return start;
    }
    return version >= steps ? end : start + (end - start) * version / steps;
  }

  /** The weight for the responses of a group. */
  public double of(List<Response> responses) {
    return at(responses.stream().mapToLong(response -> response.first().number()).min().orElse(0));
  }
}
