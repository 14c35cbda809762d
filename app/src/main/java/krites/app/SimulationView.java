package krites.app;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import krites.grpo.Drop;
import krites.simulator.BrokenPromise;
import krites.simulator.FaultPlan;
import krites.simulator.SimulationReport;
import krites.simulator.SimulationReport.FaultCost;

/** Reports of simulations as lines for a person and as JSON; values in, text out. */
final class SimulationView {
  private SimulationView() {}

  // --- for a person

  /** One simulation in full. */
  static List<String> lines(SimulationReport report) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "seed "
            + report.seed()
            + ": "
            + outcome(report)
            + " after "
            + time(report.seconds())
            + " and "
            + report.steps()
            + " steps");
    lines.add(
        row(
            "speed",
            "%.2f steps/min in all, %.2f while training, %.0f response tokens/s",
            report.stepsPerMinute(),
            report.trainingStepsPerMinute(),
            report.tokensPerSecond()));
    lines.add(
        row(
            "busy",
            "%s",
            report.utilisation().entrySet().stream()
                .map(entry -> entry.getKey() + " " + percent(entry.getValue()))
                .collect(Collectors.joining(", "))));
    lines.add(
        row(
            "groups",
            "%d issued = %d trained + %d dropped + %d in flight",
            report.issued(),
            report.trained(),
            report.dropped().values().stream().mapToLong(Long::longValue).sum(),
            report.inFlight()));
    if (!report.dropped().isEmpty()) {
      lines.add(
          row(
              "dropped",
              "%s",
              report.dropped().entrySet().stream()
                  .map(entry -> word(entry.getKey()) + " " + entry.getValue())
                  .collect(Collectors.joining(", "))));
    }
    lines.add(
        row(
            "age",
            "%s",
            report.ages().entrySet().stream()
                .map(entry -> entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.joining("  "))));
    for (FaultCost fault : report.faults()) {
      lines.add(
          row(
              "fault",
              "%s struck %d times and cost %s of node time",
              fault.kind().word(),
              fault.strikes(),
              time(fault.lostSeconds())));
    }
    lines.add(
        row(
            "trace",
            "%s (%d messages, %d events)",
            report.digest(),
            report.messages(),
            report.events()));
    return lines;
  }

  /** Many simulations together. */
  static List<String> summary(List<SimulationReport> reports) {
    Map<SimulationReport.Outcome, Long> outcomes =
        reports.stream()
            .collect(
                Collectors.groupingBy(
                    SimulationReport::outcome, TreeMap::new, Collectors.counting()));
    double[] speeds =
        reports.stream().mapToDouble(SimulationReport::stepsPerMinute).sorted().toArray();
    List<String> lines = new ArrayList<>();
    lines.add(
        reports.size()
            + " seeds: "
            + outcomes.entrySet().stream()
                .map(entry -> entry.getValue() + " " + word(entry.getKey()))
                .collect(Collectors.joining(", ")));
    lines.add(
        row(
            "speed",
            "median %.2f steps/min, from %.2f to %.2f",
            speeds[speeds.length / 2],
            speeds[0],
            speeds[speeds.length - 1]));
    reports.stream()
        .filter(report -> report.outcome() != SimulationReport.Outcome.COMPLETED)
        .limit(5)
        .forEach(report -> lines.add(row("seed " + report.seed(), "%s", outcome(report))));
    return lines;
  }

  private static String outcome(SimulationReport report) {
    if (report.broken().isPresent()) {
      BrokenPromise broken = report.broken().get();
      return "A PROMISE IS BROKEN (" + broken.promise() + "): " + broken.detail();
    }
    return word(report.outcome()) + (report.reason().isEmpty() ? "" : " (" + report.reason() + ")");
  }

  private static String row(String name, String format, Object... values) {
    return String.format(Locale.ROOT, "  %-9s " + format, with(name, values));
  }

  private static Object[] with(String name, Object[] values) {
    Object[] all = new Object[values.length + 1];
    all[0] = name;
    System.arraycopy(values, 0, all, 1, values.length);
    return all;
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }

  private static String time(double seconds) {
    if (seconds < 120) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    return seconds < 7200
        ? String.format(Locale.ROOT, "%.1f min", seconds / 60)
        : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  // --- for a program

  /** One simulation as an object; the names are explained in docs/simulator.md. */
  static Map<String, Object> json(SimulationReport report) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("seed", report.seed());
    object.put("outcome", word(report.outcome()));
    object.put("reason", report.reason());
    report
        .broken()
        .ifPresent(
            broken ->
                object.put(
                    "broken",
                    Map.of(
                        "promise",
                        word(broken.promise()),
                        "seconds",
                        broken.seconds(),
                        "detail",
                        broken.detail())));
    object.put("seconds", report.seconds());
    object.put("steps", report.steps());
    object.put("steps_per_minute", report.stepsPerMinute());
    object.put("training_steps_per_minute", report.trainingStepsPerMinute());
    object.put("response_tokens_per_second", report.tokensPerSecond());
    object.put("group_seconds_median", report.groupSeconds());
    object.put("utilisation", report.utilisation());
    object.put("ages", report.ages());
    object.put("issued", report.issued());
    object.put("trained", report.trained());
    object.put("in_flight", report.inFlight());
    Map<String, Long> dropped = new LinkedHashMap<>();
    Arrays.stream(Drop.values())
        .forEach(drop -> dropped.put(word(drop), report.dropped().getOrDefault(drop, 0L)));
    object.put("dropped", dropped);
    Map<String, Object> faults = new LinkedHashMap<>();
    for (FaultCost fault : report.faults()) {
      Map<String, Object> cost = new LinkedHashMap<>();
      cost.put("strikes", fault.strikes());
      cost.put("lost_seconds", fault.lostSeconds());
      faults.put(fault.kind().word(), cost);
    }
    object.put("faults", faults);
    object.put("restarts", report.restarts());
    object.put("messages", report.messages());
    object.put("events", report.events());
    object.put("metrics", report.metrics());
    object.put("digest", report.digest());
    return object;
  }

  /** What was simulated, for the head of both forms. */
  static String headline(int workers, int eta, FaultPlan faults) {
    return "simulating "
        + workers
        + (workers == 1 ? " rollout worker" : " rollout workers")
        + ", max staleness "
        + eta
        + ", faults: "
        + faults.text();
  }
}
