package krites.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.config.RunConfig;
import krites.app.run.JournalReader;
import krites.app.run.JournalRecord;
import krites.app.run.JsonLines;
import krites.app.run.RunDirectory;
import krites.simulator.GroupClock;
import krites.simulator.Measurements;

/**
 * Reads out of a run's folder how long things took in it: {@code metrics.jsonl} for the speeds,
 * {@code samples.jsonl} for the lengths, the journal for the times of groups. The first step is
 * left out, since it waits for engines and weights to be loaded.
 */
final class RunMeasurements {
  private static final double MILLIS_PER_SECOND = 1000;

  private final Map<String, Double> sums = new HashMap<>();
  private long lines;

  private RunMeasurements() {}

  /**
   * @param config of the recorded run
   * @throws InputError if the folder holds no run, or one with fewer than two steps
   */
  static Measurements read(Path folder, RunConfig config) {
    RunDirectory.requireRun(folder);
    RunMeasurements steps = new RunMeasurements();
    JsonLines.each(folder.resolve(RunDirectory.METRICS), steps::add);
    if (steps.lines < 2) {
      throw new InputError(
          "run " + folder + " has " + steps.lines + " steps; a trace needs at least 2");
    }
    GroupClock clock = clock(folder.resolve(RunDirectory.EVENTS));
    int groupSize = config.rollout().groupSize();
    double responses = (double) config.rollout().groupsPerStep() * config.rollout().groupSize();
    return new Measurements(
        steps.mean("step/prompt_tokens").map(tokens -> tokens / responses),
        lengths(folder),
        steps.mean("response/tokens_mean"),
        steps.ratio("rollout/prompt_tokens", "rollout/prefill_seconds"),
        steps.ratio("rollout/decode_seconds", "rollout/response_tokens"),
        steps.trainTokensPerSecond(),
        steps.mean("learner/optimizer_seconds"),
        steps.publishSeconds(),
        clock.scoringSeconds().map(seconds -> seconds / groupSize).filter(each -> each > 0),
        clock.groupSeconds(),
        steps.stepsPerMinute());
  }

  /** How long groups took, by the times of the journal's records. */
  private static GroupClock clock(Path journal) {
    GroupClock clock = new GroupClock();
    if (Files.exists(journal)) {
      try (JournalReader reader = JournalReader.open(journal)) {
        for (var next = reader.next(); next.isPresent(); next = reader.next()) {
          JournalRecord record = next.get();
          clock.read(record.time().toEpochMilli() / MILLIS_PER_SECOND, record.event());
        }
      }
    }
    return clock;
  }

  private static List<Integer> lengths(Path folder) {
    List<Integer> lengths = new ArrayList<>();
    JsonLines.each(
        folder.resolve(RunDirectory.SAMPLES),
        sample -> {
          if (sample.get("tokens") instanceof Number tokens) {
            lengths.add(tokens.intValue());
          }
        });
    return lengths;
  }

  private Optional<Double> trainTokensPerSecond() {
    double seconds = sum("learner/reference_seconds") + sum("learner/policy_seconds");
    return seconds > 0 ? Optional.of(sum("learner/tokens") / seconds) : Optional.empty();
  }

  /** What is left of the training phase when its measured parts are taken off. */
  private Optional<Double> publishSeconds() {
    double parts =
        sum("learner/reference_seconds")
            + sum("learner/policy_seconds")
            + sum("learner/optimizer_seconds");
    double rest = sum("seconds/train") - parts;
    return rest > 0 ? Optional.of(rest / steps()) : Optional.empty();
  }

  private Optional<Double> stepsPerMinute() {
    double seconds = sum("seconds/step") - sum("seconds/eval");
    return seconds > 0 ? Optional.of(60 * steps() / seconds) : Optional.empty();
  }

  private Optional<Double> ratio(String above, String below) {
    double divisor = sum(below);
    return divisor > 0 ? Optional.of(sum(above) / divisor) : Optional.empty();
  }

  private Optional<Double> mean(String name) {
    double sum = sum(name);
    return sum > 0 ? Optional.of(sum / steps()) : Optional.empty();
  }

  private void add(Map<String, Object> step) {
    lines++;
    if (lines == 1) {
      return; // it waits for engines and weights to be loaded
    }
    step.forEach(
        (name, value) -> {
          if (value instanceof Number number) {
            sums.merge(name, number.doubleValue(), Double::sum);
          }
        });
  }

  private long steps() {
    return lines - 1;
  }

  private double sum(String name) {
    return sums.getOrDefault(name, 0.0);
  }
}
