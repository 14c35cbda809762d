package krites.grpo;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one response earned.
 *
 * @param total the number that the advantage is computed from; finite
 * @param terms the named parts, unweighted (for example {@code accuracy} and {@code format}), in a
 *     fixed order
 */
public record Reward(double total, Map<String, Double> terms) {
  public Reward {
    terms = Collections.unmodifiableMap(new LinkedHashMap<>(terms));
    if (!Double.isFinite(total)) {
      throw new IllegalArgumentException("reward " + total + " is not finite");
    }
  }
}
