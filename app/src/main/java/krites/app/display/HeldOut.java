package krites.app.display;

import java.util.OptionalDouble;

/**
 * Held-out results after one step.
 *
 * @param step the learner step after which they were measured; 0 is before the first
 * @param criticAccuracy share of critic prompts with the right choice, absent if none were asked
 * @param criticFormat share of critic answers in the demanded layout
 * @param policyAccuracy share of policy prompts with the right answer
 * @param policyFormat share of policy answers in the demanded layout
 */
public record HeldOut(
    long step,
    OptionalDouble criticAccuracy,
    OptionalDouble criticFormat,
    OptionalDouble policyAccuracy,
    OptionalDouble policyFormat) {

  /** Nothing measured yet. */
  public static HeldOut none(long step) {
    return new HeldOut(
        step,
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        OptionalDouble.empty());
  }

  /** The same with the critic's results. */
  public HeldOut withCritic(OptionalDouble accuracy, OptionalDouble format) {
    return new HeldOut(step, accuracy, format, policyAccuracy, policyFormat);
  }

  /** The same with the policy's results. */
  public HeldOut withPolicy(OptionalDouble accuracy, OptionalDouble format) {
    return new HeldOut(step, criticAccuracy, criticFormat, accuracy, format);
  }
}
