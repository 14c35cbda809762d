package krites.app.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import krites.app.config.ChaosPlan;
import krites.app.run.DurableFiles;
import krites.app.run.JsonFile;
import org.jspecify.annotations.Nullable;

/**
 * What a run under faults showed: {@code report.md} and {@code report.json}.
 *
 * @param plan of the faults
 * @param beginning how long what came first took
 * @param checks what must hold
 * @param faults what came, and what followed
 * @param stepsPerMinute from the first step on; empty with fewer than two steps
 * @param goodput against the run without faults, where that is known
 */
record ChaosReport(
    ChaosPlan plan,
    Beginning beginning,
    List<Checks.Check> checks,
    List<Row> faults,
    Optional<Double> stepsPerMinute,
    Optional<Goodput> goodput) {
  static final String TABLE = "report.md";
  static final String JSON = "report.json";

  /**
   * A fault and what followed.
   *
   * @param offset from the first trained step
   */
  record Row(PlannedFault fault, Duration offset, JournalFacts.Aftermath aftermath) {}

  /**
   * How a run began.
   *
   * @param formation from the start of the processes until all were members
   * @param firstGroup from the submission of the job, the start of its process included, until the
   *     responses to the first prompt were there
   * @param firstStep until the first step was trained
   */
  record Beginning(
      Duration formation, Optional<Duration> firstGroup, Optional<Duration> firstStep) {
    static Beginning of(Outcome.Start start, JournalFacts facts) {
      return new Beginning(
          start.formation(),
          facts.firstGroup().map(time -> Duration.between(start.submitted(), time)),
          facts.firstStep().map(time -> Duration.between(start.submitted(), time)));
    }

    String words() {
      return String.format(
          Locale.ROOT,
          "all processes were members after %s; from the submission of the job to its first group %s, to its first step %s",
          seconds(Optional.of(formation)),
          seconds(firstGroup),
          seconds(firstStep));
    }
  }

  ChaosReport {
    checks = List.copyOf(checks);
    faults = List.copyOf(faults);
  }

  /**
   * Reads the journals.
   *
   * @param baseline folder of the run without faults
   */
  static ChaosReport of(
      ChaosPlan plan, List<PlannedFault> schedule, Outcome outcome, Optional<Path> baseline) {
    JournalFacts facts = JournalFacts.of(outcome.run());
    Optional<Goodput> goodput =
        baseline.flatMap(folder -> Goodput.of(facts, JournalFacts.of(folder)));
    return new ChaosReport(
        plan,
        Beginning.of(outcome.start(), facts),
        Checks.of(
            outcome,
            facts,
            plan.times().stepsAfter() > 0
                ? Optional.empty()
                : Optional.of((long) plan.job().resolve().config().run().steps()),
            schedule,
            goodput,
            plan.goodputShareMin()),
        rows(outcome, facts),
        facts.stepsPerMinute(),
        goodput);
  }

  private static List<Row> rows(Outcome outcome, JournalFacts facts) {
    List<Row> rows = new ArrayList<>();
    List<Outcome.Done> done = outcome.done();
    for (int i = 0; i < done.size(); i++) {
      Instant time = done.get(i).time();
      Instant until = i + 1 < done.size() ? done.get(i + 1).time() : Instant.MAX;
      Duration offset = Duration.between(facts.firstStep().orElse(time), time);
      rows.add(new Row(done.get(i).fault(), offset, facts.after(time, until)));
    }
    return rows;
  }

  /** Whether all holds. */
  boolean holds() {
    return checks.stream().allMatch(Checks.Check::holds);
  }

  /** Writes both files into a folder. */
  void write(Path folder) {
    DurableFiles.write(folder.resolve(TABLE), String.join("\n", markdown()) + "\n");
    JsonFile.write(folder.resolve(JSON), json());
  }

  /** The report for a person. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        String.format(
            Locale.ROOT,
            "%3s %8s  %-12s %-14s %10s %10s  %s",
            "",
            "at",
            "fault",
            "process",
            "next step",
            "new step",
            "groups lost"));
    for (Row row : faults) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%3d %6.1f s  %-12s %-14s %10s %10s  %s",
              row.fault().number(),
              row.offset().toMillis() / 1e3,
              row.fault().words(),
              row.fault().process(),
              seconds(row.aftermath().nextStep()),
              seconds(row.aftermath().newStep()),
              lost(row)));
    }
    lines.add("");
    for (Checks.Check check : checks) {
      lines.add((check.holds() ? "  ok  " : "FAIL  ") + check.name() + ": " + check.says());
    }
    lines.add("      " + beginning.words());
    lines.add("      " + pace());
    return lines;
  }

  private String pace() {
    String here =
        stepsPerMinute
            .map(value -> String.format(Locale.ROOT, "%.1f steps a minute", value))
            .orElse("too few steps to tell a pace");
    return goodput
        .map(
            known ->
                String.format(
                    Locale.ROOT,
                    "%s, %.1f without faults: effective training time %.0f %%",
                    here,
                    known.withoutFaults(),
                    100 * known.share()))
        .orElse(here + "; --baseline tells what it is without faults");
  }

  private List<String> markdown() {
    List<String> lines = new ArrayList<>();
    lines.add("# Faults by plan " + plan.name() + ", seed " + plan.seed());
    lines.add("");
    lines.add("| Must hold | Does | Found |");
    lines.add("|---|---|---|");
    for (Checks.Check check : checks) {
      lines.add(
          "| "
              + check.name()
              + " | "
              + (check.holds() ? "yes" : "**no**")
              + " | "
              + check.says().replace("|", "\\|")
              + " |");
    }
    lines.add("");
    lines.add(pace() + ".");
    lines.add("");
    lines.add(beginning.words() + ".");
    lines.add("");
    lines.add("| | At | Fault | Process | Roles | Next step | New step | Groups lost |");
    lines.add("|---|---|---|---|---|---|---|---|");
    for (Row row : faults) {
      lines.add(
          String.format(
              Locale.ROOT,
              "| %d | %.1f s | %s | %s | %s | %s | %s | %s |",
              row.fault().number(),
              row.offset().toMillis() / 1e3,
              row.fault().words(),
              row.fault().process(),
              String.join(", ", plan.group(row.fault().group()).roles()),
              seconds(row.aftermath().nextStep()),
              seconds(row.aftermath().newStep()),
              lost(row)));
    }
    return lines;
  }

  private Map<String, @Nullable Object> json() {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("plan", plan.name());
    document.put("seed", plan.seed());
    document.put("holds", holds());
    document.put("checks", checks.stream().map(ChaosReport::json).toList());
    document.put("formation_s", asSeconds(beginning.formation()));
    document.put("first_group_s", beginning.firstGroup().map(ChaosReport::asSeconds).orElse(null));
    document.put("first_step_s", beginning.firstStep().map(ChaosReport::asSeconds).orElse(null));
    document.put("steps_per_minute", stepsPerMinute.orElse(null));
    document.put(
        "steps_per_minute_without_faults", goodput.map(Goodput::withoutFaults).orElse(null));
    document.put("effective_training_time", goodput.map(Goodput::share).orElse(null));
    document.put("faults", faults.stream().map(this::json).toList());
    return document;
  }

  private static Map<String, Object> json(Checks.Check check) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("name", check.name());
    object.put("holds", check.holds());
    object.put("says", check.says());
    return object;
  }

  private Map<String, @Nullable Object> json(Row row) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("number", row.fault().number());
    object.put("planned_at_s", row.fault().offsetMillis() / 1e3);
    object.put("at_s", row.offset().toMillis() / 1e3);
    object.put("kind", row.fault().kind().name().toLowerCase(Locale.ROOT));
    object.put("seconds", row.fault().seconds());
    object.put("process", row.fault().process());
    object.put("roles", plan.group(row.fault().group()).roles());
    object.put("next_step_s", row.aftermath().nextStep().map(ChaosReport::asSeconds).orElse(null));
    object.put("new_step_s", row.aftermath().newStep().map(ChaosReport::asSeconds).orElse(null));
    Map<String, Long> lost = new TreeMap<>();
    row.aftermath()
        .lost()
        .forEach((reason, count) -> lost.put(reason.name().toLowerCase(Locale.ROOT), count));
    object.put("groups_lost", lost);
    return object;
  }

  private static double asSeconds(Duration duration) {
    return duration.toMillis() / 1e3;
  }

  private static String seconds(Optional<Duration> duration) {
    return duration
        .map(known -> String.format(Locale.ROOT, "%.1f s", asSeconds(known)))
        .orElse("never");
  }

  private static String lost(Row row) {
    return row.aftermath().lost().isEmpty()
        ? "none"
        : new TreeMap<>(row.aftermath().lost())
            .entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
  }
}
