package krites.eval.select;

import java.util.Optional;

/** What a checkpoint is wanted for. */
public enum Purpose {
  /** Judging pairs. */
  CRITIC,

  /** Answering questions. */
  POLICY,

  /** Both: the mean of the two accuracies. */
  BALANCED;

  /**
   * The value of a step for this purpose, as a share of the items that stand for it; empty where a
   * measurement is missing.
   */
  Optional<Value> value(CurvePoint point) {
    return switch (this) {
      case CRITIC -> point.critic().map(share -> new Value(share.value(), share.variance()));
      case POLICY -> point.policy().map(share -> new Value(share.value(), share.variance()));
      case BALANCED ->
          point
              .critic()
              .flatMap(
                  critic ->
                      point
                          .policy()
                          .map(
                              policy ->
                                  new Value(
                                      (critic.value() + policy.value()) / 2,
                                      (critic.variance() + policy.variance()) / 4)));
    };
  }

  /** A value and how far another draw of held-out items may move it. */
  record Value(double mean, double variance) {
    double halfWidth() {
      return Share.Z * Math.sqrt(variance);
    }
  }
}
