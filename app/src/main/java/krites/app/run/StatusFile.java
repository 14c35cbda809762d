package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.record.RunStatus;

/**
 * The status of a run as {@code status.json}: replaced as a whole with each word from the run, and
 * left as it was when the process dies.
 */
public final class StatusFile {
  public static final String NAME = "status.json";

  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private StatusFile() {}

  /** Removes what an earlier process said. */
  static void clear(Path runFolder) {
    try {
      Files.deleteIfExists(runFolder.resolve(NAME));
    } catch (IOException e) {
      throw new RunFileException("remove", runFolder.resolve(NAME), e);
    }
  }

  /**
   * What the file holds.
   *
   * @param writtenMillis when it was written, since 1970
   * @param pid the process that wrote it
   * @param status the run as it stood then
   */
  public record Written(long writtenMillis, long pid, RunStatus status) {}

  /**
   * Replaces the file.
   *
   * @throws RunFileException if that fails
   */
  public static void write(Path runFolder, RunStatus status, Instant now) {
    Written content = new Written(now.toEpochMilli(), ProcessHandle.current().pid(), status);
    try {
      DurableFiles.replace(runFolder.resolve(NAME), MAPPER.writeValueAsString(content) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the status cannot be written as JSON", e);
    }
  }

  /**
   * What the run said last; empty if it has said nothing yet.
   *
   * @throws InputError if the file cannot be read or is not ours
   */
  public static Optional<Written> read(Path runFolder) {
    Path file = runFolder.resolve(NAME);
    try {
      Written written = MAPPER.readValue(Files.readString(file), Written.class);
      if (written == null || written.status() == null) {
        throw new InputError(file + ": not the status of a run");
      }
      return Optional.of(written);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JsonProcessingException e) {
      throw new InputError(file + ": not the status of a run: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new InputError(RunFileException.message("read", file, e), e);
    }
  }
}
