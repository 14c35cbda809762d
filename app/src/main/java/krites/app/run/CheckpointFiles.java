package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import krites.app.InputError;
import krites.grpo.flow.RunState;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.PolicyTrainer;

/**
 * Checkpoints of a run as folders: what the trainer saves, and the run's state as {@value #STATE}.
 */
public final class CheckpointFiles implements CheckpointStore {
  /** Step, version, seed, ledger and prompt cursor. */
  public static final String STATE = "run-state.json";

  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Checkpoints checkpoints;

  public CheckpointFiles(Checkpoints checkpoints) {
    this.checkpoints = checkpoints;
  }

  @Override
  public Path write(RunState state, PolicyTrainer trainer) {
    return checkpoints
        .write(
            state.step(),
            folder -> {
              trainer.save(folder);
              Files.writeString(folder.resolve(STATE), MAPPER.writeValueAsString(state) + "\n");
            })
        .folder();
  }

  /**
   * The state in a checkpoint.
   *
   * @throws InputError if it is missing or damaged
   */
  public static RunState read(Checkpoints.Checkpoint checkpoint) {
    Path file = checkpoint.folder().resolve(STATE);
    try {
      return MAPPER.readValue(Files.readString(file), RunState.class);
    } catch (JsonProcessingException e) {
      throw new InputError(file + ": not the state of a run: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new InputError(RunFileException.message("read", file, e), e);
    }
  }
}
