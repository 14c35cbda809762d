package krites.grpo.port;

import java.nio.file.Path;
import krites.grpo.flow.RunState;

/** Where checkpoints go. Called on the learner's thread. */
public interface CheckpointStore {
  /**
   * Writes a checkpoint that appears as a whole or not at all, replacing one of the same step.
   *
   * @param state the run at a completed step
   * @param trainer its {@link PolicyTrainer#save} writes weights and optimizer; its version is the
   *     state's
   * @return where the checkpoint lies
   * @throws java.io.UncheckedIOException if writing fails; the message names the file
   */
  Path write(RunState state, PolicyTrainer trainer);
}
