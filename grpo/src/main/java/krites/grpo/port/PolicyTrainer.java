package krites.grpo.port;

import java.nio.file.Path;
import java.util.Optional;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;

/**
 * Owns the trained weights and the optimizer on one device.
 *
 * <p>Not thread safe: one owner, one thread. A training step is cut into pieces so that the owner
 * can read its mailbox between them.
 */
public interface PolicyTrainer extends AutoCloseable {
  /** The version of the weights as they are now. */
  PolicyVersion version();

  /**
   * Begins a step.
   *
   * @throws IllegalStateException if a step is under way
   * @throws IllegalArgumentException if the batch is not for {@link #version()}
   */
  void begin(TrainingBatch batch);

  /** One piece of the step (a micro-batch, or the update); the report comes with the last one. */
  Optional<StepReport> advance();

  /** Writes the current weights to the weight store and names them. */
  WeightUpdate publish();

  /**
   * Writes model and optimizer into an existing, empty directory: a Hugging Face model directory
   * plus the optimizer state. The caller makes the directory appear atomically. Between two pieces
   * of a step it writes the state of the last completed step, and the step under way may still go
   * on.
   *
   * @throws java.io.UncheckedIOException if writing fails; the message names the file
   */
  void save(Path directory);

  @Override
  void close();
}
