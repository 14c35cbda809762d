package krites.app.display;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * One held-out evaluation.
 *
 * @param step the learner step after which it was made; 0 is before the first
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

  /** As a line of {@code evals.jsonl}; what is absent has no key. */
  public Map<String, Object> toLine() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", step);
    criticAccuracy.ifPresent(value -> line.put("critic_accuracy", value));
    criticFormat.ifPresent(value -> line.put("critic_format", value));
    policyAccuracy.ifPresent(value -> line.put("policy_accuracy", value));
    policyFormat.ifPresent(value -> line.put("policy_format", value));
    return line;
  }

  /** The inverse of {@link #toLine}; other keys are ignored. */
  public static HeldOut ofLine(Map<String, Object> line) {
    return new HeldOut(
        line.get("step") instanceof Number step ? step.longValue() : 0,
        number(line, "critic_accuracy"),
        number(line, "critic_format"),
        number(line, "policy_accuracy"),
        number(line, "policy_format"));
  }

  private static OptionalDouble number(Map<String, Object> line, String key) {
    return line.get(key) instanceof Number value ? OptionalDouble.of(value.doubleValue()) : OptionalDouble.empty();
  }
}
