package krites.app.dataset;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import krites.data.report.Contents.Shared;
import krites.data.report.DatasetCheck;
import krites.data.report.DatasetSummary;
import krites.grpo.Label;

/** What a check found, for a person or a program. */
record CheckReport(SummaryReport summary, DatasetCheck check, PromptLengths lengths) {
  /** Standard deviations of a fair coin beyond which positions are called uneven. */
  private static final double UNEVEN = 4;

  List<String> lines() {
    List<String> lines = new ArrayList<>(summary.lines());
    balance(lines);
    lines.add(
        "repeats    %d samples stand before, %d of them with another label"
            .formatted(check.duplicates().repeated(), check.duplicates().contradicting()));
    for (DatasetCheck.Benchmark benchmark : check.benchmarks()) {
      lines.add(
          "overlap    with %s (%d samples): question and image %d, image alone %d, question alone %d"
              .formatted(
                  benchmark.name(),
                  benchmark.samples(),
                  benchmark.count(Shared.QUESTION_AND_IMAGE),
                  benchmark.count(Shared.IMAGE),
                  benchmark.count(Shared.QUESTION)));
    }
    if (lengths.counts()) {
      lines.add(
          "tokens     of %d prompts: median %d, 99 %% below %d, longest %d; over %d: %d; not counted: %d"
              .formatted(
                  lengths.prompts(),
                  lengths.quantile(0.5),
                  lengths.quantile(0.99),
                  lengths.quantile(1),
                  lengths.limit(),
                  lengths.overlong(),
                  lengths.unreadable()));
    }
    List<String> troubles = troubles();
    lines.add(troubles.isEmpty() ? "checks     hold" : "troubles   " + String.join("; ", troubles));
    return lines;
  }

  private void balance(List<String> lines) {
    DatasetSummary seen = check.summary();
    long decided = seen.labelled(Label.FIRST) + seen.labelled(Label.SECOND);
    if (decided == 0 || seen.unplaced() > 0) {
      return;
    }
    boolean uneven = Math.abs(seen.firstShare() - 0.5) > UNEVEN * 0.5 / Math.sqrt(decided);
    lines.add(
        String.format(
            Locale.ROOT,
            "position   the first response is better in %.1f %% of the pairs%s",
            100 * seen.firstShare(),
            uneven ? "; data.order = random or data.both-orders = true evens it out" : ""));
  }

  /** What makes the data set unfit, in words; empty if nothing does. */
  List<String> troubles() {
    List<String> troubles = new ArrayList<>();
    add(troubles, check.summary().bad().rows(), "damaged rows");
    add(troubles, check.missingImages(), "images are missing");
    add(troubles, check.duplicates().contradicting(), "repeats with another label");
    for (DatasetCheck.Benchmark benchmark : check.benchmarks()) {
      long shared = benchmark.shared().values().stream().mapToLong(Long::longValue).sum();
      add(
          troubles,
          shared - benchmark.count(Shared.NOTHING),
          "samples share something with " + benchmark.name());
    }
    add(troubles, lengths.overlong(), "prompts of more than " + lengths.limit() + " tokens");
    return troubles;
  }

  private static void add(List<String> troubles, long count, String what) {
    if (count > 0) {
      troubles.add(count + " " + what);
    }
  }

  ObjectNode json() {
    ObjectNode json = summary.json();
    json.put("missing_images", check.missingImages());
    json.putObject("repeats")
        .put("samples", check.duplicates().repeated())
        .put("contradicting", check.duplicates().contradicting());
    ArrayNode overlaps = json.putArray("overlap");
    for (DatasetCheck.Benchmark benchmark : check.benchmarks()) {
      overlaps
          .addObject()
          .put("benchmark", benchmark.name())
          .put("samples", benchmark.samples())
          .put("question_and_image", benchmark.count(Shared.QUESTION_AND_IMAGE))
          .put("image", benchmark.count(Shared.IMAGE))
          .put("question", benchmark.count(Shared.QUESTION));
    }
    if (lengths.counts()) {
      json.putObject("tokens")
          .put("prompts", lengths.prompts())
          .put("median", lengths.quantile(0.5))
          .put("p99", lengths.quantile(0.99))
          .put("max", lengths.quantile(1))
          .put("limit", lengths.limit())
          .put("overlong", lengths.overlong())
          .put("not_counted", lengths.unreadable());
    }
    troubles().forEach(json.putArray("troubles")::add);
    return json;
  }
}
