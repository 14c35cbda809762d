package krites.app.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the rounds of a measurement found: for each piece of work and variant a few named numbers,
 * gathered round by round.
 */
final class Findings {
  /** One piece of work done by one variant. */
  record Subject(String work, String variant) {}

  private final Map<Subject, Map<String, List<Double>>> found = new LinkedHashMap<>();

  void add(String work, String variant, String quantity, double value) {
    found
        .computeIfAbsent(new Subject(work, variant), _ -> new LinkedHashMap<>())
        .computeIfAbsent(quantity, _ -> new ArrayList<>())
        .add(value);
  }

  /** In the order in which they were first met. */
  List<Subject> subjects() {
    return List.copyOf(found.keySet());
  }

  /** Numbers of one subject by quantity, in the order in which they were first met. */
  Map<String, Samples> of(Subject subject) {
    Map<String, Samples> samples = new LinkedHashMap<>();
    found
        .getOrDefault(subject, Map.of())
        .forEach((quantity, values) -> samples.put(quantity, new Samples(values)));
    return samples;
  }

  Optional<Samples> of(String work, String variant, String quantity) {
    return Optional.ofNullable(of(new Subject(work, variant)).get(quantity));
  }
}
