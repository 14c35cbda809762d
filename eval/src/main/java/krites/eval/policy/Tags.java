package krites.eval.policy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.data.benchmark.BenchmarkRow;

/** Tags out of columns. */
final class Tags {
  private Tags() {}

  /** One tag for each column that holds something. */
  static Map<String, List<String>> of(BenchmarkRow row, String... columns) {
    Map<String, List<String>> tags = new LinkedHashMap<>();
    for (String column : columns) {
      if (row.has(column)) {
        tags.put(column, List.of(row.value(column)));
      }
    }
    return tags;
  }
}
