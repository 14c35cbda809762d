package krites.grpo.port;

import java.util.List;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.record.EvalRecord;
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

  /** The next entries of the journal of groups. */
  void events(List<LedgerEvent> events);

  /** The last call of a run that ended by itself or was stopped; missing when it failed hard. */
  void summary(RunSummary summary);
}
