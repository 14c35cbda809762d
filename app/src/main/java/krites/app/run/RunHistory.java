package krites.app.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import krites.app.display.HeldOut;
import krites.grpo.flow.Account;
import krites.grpo.record.RunSummary;
import org.jspecify.annotations.Nullable;

/**
 * A run as its files tell it, from the first step on, whatever interruptions it had.
 *
 * @param steps what counts of each step, in order
 * @param heldOut evaluations, in order of their steps
 * @param evals lines of the evaluations as they stand in the file
 */
public record RunHistory(List<Step> steps, List<HeldOut> heldOut, List<Map<String, Object>> evals) {
  /** Names of the evaluation sets. */
  public static final String CRITIC = "critic";

  public static final String POLICY = "policy";

  private static final String ACCURACY = "accuracy";
  private static final String FORMAT = "format";
  private static final String REWARD = "reward/mean";
  private static final String FORMAT_RATE = "response/format_rate";

  public RunHistory {
    steps = List.copyOf(steps);
    heldOut = List.copyOf(heldOut);
    evals = List.copyOf(evals);
  }

  /**
   * A step.
   *
   * @param reward the mean reward of its responses; NaN where the file has none
   * @param formatRate the share of them that keep to the format; NaN where the file has none
   */
  public record Step(double reward, double formatRate) {}

  /** Reads the files of a run folder. */
  public static RunHistory read(Path folder) {
    List<Step> steps = new ArrayList<>();
    JsonLines.each(
        folder.resolve(RunDirectory.METRICS),
        line ->
            steps.add(
                new Step(
                    number(line, REWARD).orElse(Double.NaN),
                    number(line, FORMAT_RATE).orElse(Double.NaN))));
    List<Map<String, Object>> evals = JsonLines.read(folder.resolve(RunDirectory.EVALS));
    return new RunHistory(steps, heldOut(evals), evals);
  }

  /**
   * Seconds from the start of a run to its last step, without the time between interruption and
   * resume; at once, however long the run is.
   */
  public static double secondsOf(Path folder) {
    return JsonLines.last(folder.resolve(RunDirectory.METRICS))
        .map(line -> number(line, RunFiles.WALL_SECONDS).orElse(0))
        .orElse(0.0);
  }

  /** The newest evaluation of a run; at once, as {@link #secondsOf}. */
  public static HeldOut newestOf(Path folder) {
    List<HeldOut> all = heldOut(JsonLines.read(folder.resolve(RunDirectory.EVALS)));
    return all.isEmpty() ? HeldOut.none(0) : all.getLast();
  }

  /** The evaluation before the first step, or the first there is. */
  public HeldOut first() {
    return heldOut.isEmpty() ? HeldOut.none(0) : heldOut.getFirst();
  }

  /** The last evaluation, if there is one after the first. */
  public HeldOut last() {
    return heldOut.size() < 2 ? HeldOut.none(0) : heldOut.getLast();
  }

  /**
   * The content of {@code summary.json}.
   *
   * @param end how this process's part of the run ended
   * @param secondsBefore what the run took before it was resumed; 0 for a new run
   */
  public Map<String, @Nullable Object> summary(RunSummary end, double secondsBefore) {
    Map<String, @Nullable Object> summary = new LinkedHashMap<>();
    summary.put("outcome", end.outcome().name().toLowerCase(Locale.ROOT));
    summary.put("steps", end.steps());
    summary.put("seed", end.seed());
    summary.put("wall_seconds", secondsBefore + end.wallSeconds());
    summary.put("reward_first", meanReward(0, tenth()));
    summary.put("reward_last", meanReward(steps.size() - tenth(), steps.size()));
    summary.put("critic_accuracy_before", orNull(first().criticAccuracy()));
    summary.put("critic_accuracy_after", orNull(last().criticAccuracy()));
    summary.put("policy_accuracy_before", orNull(first().policyAccuracy()));
    summary.put("policy_accuracy_after", orNull(last().policyAccuracy()));
    HeldOut peak = policyPeak();
    summary.put("policy_accuracy_peak", orNull(peak.policyAccuracy()));
    summary.put(
        "policy_accuracy_peak_step", peak.policyAccuracy().isPresent() ? peak.step() : null);
    putAccount(summary, end.account());
    summary.put("max_staleness_seen", end.maxStalenessSeen());
    // Versions 0 to the last one, each published once; a resume goes on counting.
    summary.put("weights_versions", end.version().number() + 1);
    summary.put("workers_lost", end.workersLost());
    summary.put("evals", evals);
    return summary;
  }

  private static void putAccount(Map<String, @Nullable Object> summary, Account account) {
    Map<String, Long> dropped = new LinkedHashMap<>();
    account
        .dropped()
        .forEach((reason, count) -> dropped.put(reason.name().toLowerCase(Locale.ROOT), count));
    summary.put("groups_issued", account.issued());
    summary.put("groups_trained", account.trained());
    summary.put("groups_dropped", dropped);
    summary.put("groups_in_flight", account.inFlight());
  }

  private HeldOut policyPeak() {
    HeldOut peak = HeldOut.none(0);
    for (HeldOut each : heldOut) {
      if (each.policyAccuracy().orElse(-1) > peak.policyAccuracy().orElse(-1)) {
        peak = each;
      }
    }
    return peak;
  }

  /** A tenth of the steps, at least one if there are any. */
  private int tenth() {
    return Math.ceilDiv(steps.size(), 10);
  }

  private @Nullable Double meanReward(int from, int to) {
    return orNull(steps.subList(from, to).stream().mapToDouble(Step::reward).average());
  }

  private static List<HeldOut> heldOut(List<Map<String, Object>> evals) {
    Map<Long, HeldOut> byStep = new TreeMap<>();
    for (Map<String, Object> line : evals) {
      long step = line.get("step") instanceof Number number ? number.longValue() : 0;
      HeldOut before = byStep.computeIfAbsent(step, HeldOut::none);
      byStep.put(
          step,
          with(
              before,
              String.valueOf(line.get("set")),
              number(line, ACCURACY),
              number(line, FORMAT)));
    }
    return List.copyOf(byStep.values());
  }

  /** Adds the results of one evaluation set; a set of another name changes nothing. */
  public static HeldOut with(
      HeldOut heldOut, String set, OptionalDouble accuracy, OptionalDouble format) {
    return switch (set) {
      case CRITIC -> heldOut.withCritic(accuracy, format);
      case POLICY -> heldOut.withPolicy(accuracy, format);
      default -> heldOut;
    };
  }

  private static OptionalDouble number(Map<String, Object> line, String key) {
    return line.get(key) instanceof Number value
        ? OptionalDouble.of(value.doubleValue())
        : OptionalDouble.empty();
  }

  private static @Nullable Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }
}
