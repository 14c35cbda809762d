package krites.app.run;

import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import krites.app.ResidentMemory;
import krites.grpo.TrainingBatch;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.port.RunRecorder;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;

/** Writes what happens in a run into the growing files of its folder. */
public final class RunFiles implements RunRecorder {
  /** Seconds since the run began, those before a resume included; in each line of the metrics. */
  static final String WALL_SECONDS = "seconds/wall";

  private final RunDirectory directory;
  private final BatchFiles batches;
  private final LongSupplier nanos;
  private final long startNanos;
  private final double secondsBefore;

  /**
   * @param nanos a clock that only rises
   * @param secondsBefore what the run took before it was resumed; 0 for a new run
   */
  public RunFiles(RunDirectory directory, LongSupplier nanos, double secondsBefore) {
    this.directory = directory;
    this.batches = new BatchFiles(directory.path());
    this.nanos = nanos;
    this.startNanos = nanos.getAsLong();
    this.secondsBefore = secondsBefore;
    StatusFile.clear(directory.path());
  }

  @Override
  public void step(StepRecord step) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", step.step());
    line.put("version", step.version().number());
    line.put("skipped", step.skipped());
    line.putAll(step.metrics());
    ResidentMemory memory = ResidentMemory.now();
    line.put("step/resident_bytes", memory.residentBytes());
    line.put("step/anonymous_bytes", memory.anonymousBytes());
    line.put(WALL_SECONDS, secondsBefore + (nanos.getAsLong() - startNanos) / 1e9);
    directory.metrics().append(line);
  }

  @Override
  public void samples(List<SampleRecord> samples) {
    for (SampleRecord sample : samples) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("step", sample.step());
      line.put("group", sample.groupId());
      line.put("prompt_id", sample.promptId());
      line.put("task", sample.task().name().toLowerCase(Locale.ROOT));
      line.put("reward", sample.reward());
      line.put("terms", sample.terms());
      line.put("advantage", sample.advantage());
      line.put("answer", sample.answer());
      line.put("response", sample.response());
      line.put("prompt", sample.prompt());
      line.put("tokens", sample.tokens());
      line.put("finish", sample.finish().name().toLowerCase(Locale.ROOT));
      line.put("version", sample.version().number());
      directory.samples().append(line);
    }
  }

  @Override
  public void eval(EvalRecord eval) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", eval.step());
    line.put("set", eval.set());
    line.put("version", eval.version().number());
    line.put("items", eval.items());
    line.put("failed", eval.failed());
    line.put("reward_mean", eval.rewardMean());
    line.putAll(eval.terms());
    line.put("tokens_mean", eval.responseTokensMean());
    line.put("by_tag", eval.accuracyByTag());
    line.put("seconds", eval.seconds());
    directory.evals().append(line);
  }

  @Override
  public void events(List<LedgerEvent> events) {
    directory.journal().append(events);
  }

  @Override
  public void sync() {
    directory.journal().sync();
  }

  @Override
  public void batch(TrainingBatch batch) {
    directory.requireHeld();
    batches.keepSettings(batch.policy().term(), directory.path().resolve(RunDirectory.CONFIG));
    batches.write(batch);
  }

  @Override
  public void status(RunStatus status) {
    directory.requireHeld();
    StatusFile.write(directory.path(), status, InstantSource.system().instant());
  }

  /** The summary file needs more than this and is written when the run has ended. */
  @Override
  public void summary(RunSummary summary) {}
}
