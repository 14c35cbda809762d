package krites.eval.policy;

import java.util.List;
import java.util.Map;

/** An item and whether the model was right. */
public record Scored(String id, Map<String, List<String>> tags, boolean correct) {
  /** The first value of a tag; empty text where the item has none. */
  String tag(String key) {
    return tags.getOrDefault(key, List.of("")).getFirst();
  }

  double score() {
    return correct ? 1 : 0;
  }
}
