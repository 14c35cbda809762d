package krites.app;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import krites.app.display.HeldOut;
import krites.app.display.ProgressDisplay;
import krites.app.display.StepView;
import krites.app.run.RunHistory;
import krites.grpo.TrainingBatch;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.port.RunRecorder;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;

/** Writes what happens down first, and then shows it. */
final class RunObserver implements RunRecorder {
  private final RunRecorder files;
  private final ProgressDisplay display;
  private final Set<String> evalSets;
  private HeldOut pending = HeldOut.none(-1);
  private int setsSeen;

  /**
   * @param evalSets names of the sets of one evaluation; it is shown when all have come
   */
  RunObserver(RunRecorder files, ProgressDisplay display, Set<String> evalSets) {
    this.files = files;
    this.display = display;
    this.evalSets = Set.copyOf(evalSets);
  }

  @Override
  public void step(StepRecord step) {
    files.step(step);
    Map<String, Double> metrics = step.metrics();
    display.step(
        new StepView(
            step.step(),
            metrics.getOrDefault("reward/mean", Double.NaN),
            metrics.getOrDefault("groups/age_mean", 0.0),
            metrics.getOrDefault("step/tokens_per_second", 0.0)));
  }

  @Override
  public void samples(List<SampleRecord> samples) {
    files.samples(samples);
  }

  @Override
  public void eval(EvalRecord eval) {
    files.eval(eval);
    if (pending.step() != eval.step()) {
      pending = HeldOut.none(eval.step());
      setsSeen = 0;
    }
    pending = RunHistory.with(pending, eval.set(), term(eval, "accuracy"), term(eval, "format"));
    setsSeen++;
    if (setsSeen == evalSets.size()) {
      display.evaluated(pending);
    }
  }

  @Override
  public void events(List<LedgerEvent> events) {
    files.events(events);
  }

  @Override
  public void sync() {
    files.sync();
  }

  @Override
  public void batch(TrainingBatch batch) {
    files.batch(batch);
  }

  @Override
  public void status(RunStatus status) {
    files.status(status);
  }

  @Override
  public void summary(RunSummary summary) {
    files.summary(summary);
    display.end();
  }

  private static OptionalDouble term(EvalRecord eval, String name) {
    Double value = eval.terms().get(name);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }
}
