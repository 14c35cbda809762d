package krites.app.run;

import java.nio.file.Path;
import java.util.Optional;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.port.PolicyTrainer;

/** A trainer that is only ever saved. */
final class NothingToSave implements PolicyTrainer {
  @Override
  public PolicyVersion version() {
    return new PolicyVersion(0, 0);
  }

  @Override
  public void begin(TrainingBatch batch) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<StepReport> advance() {
    throw new UnsupportedOperationException();
  }

  @Override
  public WeightUpdate publish() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void save(Path directory) {}

  @Override
  public void close() {}
}
