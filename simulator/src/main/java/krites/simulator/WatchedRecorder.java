package krites.simulator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import krites.grpo.TrainingBatch;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.port.RunRecorder;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;

/** Takes as long as writing would, and has every event of the journal checked. */
final class WatchedRecorder implements RunRecorder {
  private final Machine machine;
  private final Disk disk;
  private final double recordSeconds;
  private final JournalChecker checker;
  private final Referee referee;
  private final Map<String, Double> sums = new LinkedHashMap<>();
  private final GroupClock clock = new GroupClock();
  private double responseTokens;
  private long steps;

  WatchedRecorder(
      Machine machine, Disk disk, double recordSeconds, JournalChecker checker, Referee referee) {
    this.machine = machine;
    this.disk = disk;
    this.recordSeconds = recordSeconds;
    this.checker = checker;
    this.referee = referee;
  }

  @Override
  public void step(StepRecord step) {
    disk.write(recordSeconds);
    responseTokens += step.metrics().getOrDefault("step/response_tokens", 0.0);
    if (step.step() > 1) { // the first waits for engines and weights to be loaded
      steps++;
      step.metrics().forEach((name, value) -> sums.merge(name, value, Double::sum));
    }
  }

  @Override
  public void samples(List<SampleRecord> samples) {
    disk.write(recordSeconds);
  }

  @Override
  public void eval(EvalRecord eval) {
    disk.write(recordSeconds);
  }

  @Override
  public void events(List<LedgerEvent> events) {
    disk.write(recordSeconds);
    for (LedgerEvent event : events) {
      clock.read(machine.loop().seconds(), event);
      machine.trace().note(machine.loop().nanos(), event.toString());
      if (referee.first().isEmpty()) {
        check(event);
      }
    }
  }

  private void check(LedgerEvent event) {
    try {
      checker.check(event);
    } catch (JournalChecker.Broken broken) {
      referee.broken(
          broken.promise(), machine.loop().seconds(), String.valueOf(broken.getMessage()));
    }
  }

  @Override
  public void sync() {
    disk.write(recordSeconds);
  }

  @Override
  public void batch(TrainingBatch batch) {
    disk.write(recordSeconds);
  }

  @Override
  public void status(RunStatus status) {}

  @Override
  public void summary(RunSummary summary) {
    disk.write(recordSeconds);
  }

  /** Steps per minute of training, evaluations and the first step left out; 0 before the second. */
  double trainingStepsPerMinute() {
    double seconds =
        sums.getOrDefault("seconds/step", 0.0) - sums.getOrDefault("seconds/eval", 0.0);
    return seconds > 0 ? 60 * steps / seconds : 0;
  }

  /** The mean of each metric of the run over its steps, the first left out. */
  Map<String, Double> means() {
    Map<String, Double> means = new LinkedHashMap<>();
    sums.forEach((name, sum) -> means.put(name, sum / steps));
    return means;
  }

  /** Median seconds from asking for a group until it was sampled; 0 without a group. */
  double groupSeconds() {
    return clock.groupSeconds().orElse(0.0);
  }

  /** Response tokens of all recorded steps. */
  double responseTokens() {
    return responseTokens;
  }
}
