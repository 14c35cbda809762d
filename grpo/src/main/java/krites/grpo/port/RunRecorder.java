package krites.grpo.port;

import java.util.List;
import krites.grpo.TrainingBatch;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;

/**
 * Writes down what happens in a run. One caller at a time, in the order in which things happened;
 * it may block.
 */
public interface RunRecorder {
  void step(StepRecord step);

  /** Some responses of a step's batch. */
  void samples(List<SampleRecord> samples);

  void eval(EvalRecord eval);

  /** The next entries of the journal; handed to the operating system when this returns. */
  void events(List<LedgerEvent> events);

  /**
   * Forces the journal to disk, as far as it was written.
   *
   * @throws java.io.UncheckedIOException if that fails; the message names the file
   */
  void sync();

  /** The batch of a step, whole, so that the step can be replayed without any rollout. */
  void batch(TrainingBatch batch);

  /** The run as it stands now; replaces what was said before. */
  void status(RunStatus status);

  /** The last call of a run that ended by itself or was stopped; missing when it failed hard. */
  void summary(RunSummary summary);
}
