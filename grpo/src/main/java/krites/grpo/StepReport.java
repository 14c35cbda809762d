package krites.grpo;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one learner step did.
 *
 * @param step number of the step, from 1
 * @param version the version after the step
 * @param skipped true when the gradient norm was not finite and the weights were left as they were
 * @param metrics named numbers, in a fixed order; the names are explained in {@code
 *     docs/metrics.md}
 */
public record StepReport(
    long step, PolicyVersion version, boolean skipped, Map<String, Double> metrics) {
  public StepReport {
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
  }
}
