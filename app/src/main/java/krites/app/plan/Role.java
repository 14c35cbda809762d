package krites.app.plan;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One part of a run and what it holds.
 *
 * @param name such as {@code rollout worker}
 * @param copies how many there are
 * @param device where it computes
 * @param parts bytes of each by what they are for, in the order of printing; they sum to the peak
 */
public record Role(String name, int copies, String device, Map<String, Long> parts) {
  public Role {
    parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
  }

  public long bytes() {
    return parts.values().stream().mapToLong(Long::longValue).sum();
  }
}
