package krites.app;

import java.util.List;
import java.util.Set;
import krites.app.display.ProgressDisplay;
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
  private final RunScreen screen;

  /**
   * @param evalSets names of the sets of one evaluation; it is shown when all have come
   */
  RunObserver(RunRecorder files, ProgressDisplay display, Set<String> evalSets) {
    this.files = files;
    this.screen = new RunScreen(display, evalSets);
  }

  @Override
  public void step(StepRecord step) {
    files.step(step);
    screen.step(step);
  }

  @Override
  public void samples(List<SampleRecord> samples) {
    files.samples(samples);
  }

  @Override
  public void eval(EvalRecord eval) {
    files.eval(eval);
    screen.eval(eval);
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
    screen.end();
  }
}
