package krites.simulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import krites.grpo.flow.RunState;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.PolicyTrainer;

/** Keeps the newest two checkpoints, which outlive the process. */
final class ModelledCheckpoints implements CheckpointStore {
  /**
   * A checkpoint.
   *
   * @param nanos when it was complete
   */
  record Saved(RunState state, ModelledTrainer.Saved trainer, long nanos) {}

  private final Machine machine;
  private final Disk disk;
  private final double checkpointSeconds;
  private Optional<Saved> newest = Optional.empty();
  private Optional<Saved> before = Optional.empty();

  ModelledCheckpoints(Machine machine, Disk disk, double checkpointSeconds) {
    this.machine = machine;
    this.disk = disk;
    this.checkpointSeconds = checkpointSeconds;
  }

  /** The newest checkpoint that was complete at a moment. */
  Optional<Saved> newest(long atNanos) {
    return newest.filter(saved -> saved.nanos() <= atNanos).or(() -> before);
  }

  /** The process is killed: what was not complete then never appears. */
  void killed(long atNanos) {
    newest = newest(atNanos);
  }

  @Override
  public Path write(RunState state, PolicyTrainer trainer) {
    if (!(trainer instanceof ModelledTrainer modelled)) {
      throw new IllegalArgumentException("a modelled store keeps modelled trainers only");
    }
    Path path = Path.of("step-" + state.step());
    double share = machine.plan().rate(FaultKind.CHECKPOINT_ERROR);
    if (share > 0 && Draws.uniform(machine.luck()) < share) {
      machine.struck(FaultKind.CHECKPOINT_ERROR, 0, path.toString());
      throw new UncheckedIOException(new IOException(path + ": no space left on device"));
    }
    disk.write(checkpointSeconds);
    before = newest(machine.loop().nanos());
    newest = Optional.of(new Saved(state, modelled.saved(), machine.loop().nanos()));
    return path;
  }
}
