package krites.actors;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.flow.Account;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Keeps the time of the phases and the counters of the engines between two steps, and records each
 * step.
 */
final class StepRecorder {
  /** Counters with this end are levels: what they say now is told, not how they changed. */
  private static final String LEVEL = "_mib";

  private final ActorRef<Recorder.Command> recorder;
  private final int samplesPerStep;
  private final Map<String, Map<String, Double>> counters = new HashMap<>();
  private Map<String, Double> countersAtStep = Map.of();
  private long stepEndedNanos;
  private long evalNanos;

  StepRecorder(ActorRef<Recorder.Command> recorder, int samplesPerStep, long nowNanos) {
    this.recorder = recorder;
    this.samplesPerStep = samplesPerStep;
    this.stepEndedNanos = nowNanos;
  }

  /**
   * Counters since a worker's start; those of a worker that is gone stay in the sums. Tells whether
   * any moved.
   */
  boolean counted(String worker, Map<String, Double> counted) {
    return !counted.equals(counters.put(worker, counted));
  }

  /** Evaluations held training for this long. */
  void evaluated(long nanos) {
    evalNanos += nanos;
  }

  /**
   * A step is done; {@code takenNanos} is when its batch was complete, on the same clock as {@code
   * nowNanos}.
   */
  void trained(
      TrainingBatch batch,
      StepReport report,
      Account account,
      Map<String, Double> more,
      long takenNanos,
      long nowNanos) {
    var seconds =
        new StepMetrics.Seconds(
            seconds(takenNanos - stepEndedNanos),
            seconds(nowNanos - takenNanos),
            seconds(evalNanos));
    var record = StepMetrics.compose(batch, report, account, more, sinceLastStep(), seconds);
    recorder.tell(new Recorder.RecordStep(record, StepMetrics.samples(batch, samplesPerStep)));
    stepEndedNanos = nowNanos;
    evalNanos = 0;
  }

  private Map<String, Double> sinceLastStep() {
    Map<String, Double> sums = new TreeMap<>();
    counters
        .values()
        .forEach(counted -> counted.forEach((name, value) -> sums.merge(name, value, Double::sum)));
    Map<String, Double> differences = new TreeMap<>();
    sums.forEach(
        (name, value) ->
            differences.put(
                name,
                name.endsWith(LEVEL) ? value : value - countersAtStep.getOrDefault(name, 0.0)));
    countersAtStep = sums;
    return differences;
  }

  static double seconds(long nanos) {
    return nanos / (double) TimeUnit.SECONDS.toNanos(1);
  }
}
