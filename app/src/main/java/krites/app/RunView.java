package krites.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import krites.app.run.RunDirectory;
import krites.app.run.RunLock;
import krites.app.run.StatusFile;

/**
 * A run as its folder shows it at one moment.
 *
 * @param folder of the run
 * @param alive whether a process has its lock
 * @param said what the run said last
 * @param summary how it ended, the last time it ended in order
 * @param now when it was looked at
 */
record RunView(
    Path folder,
    boolean alive,
    Optional<StatusFile.Written> said,
    Optional<Summary> summary,
    Instant now) {
  /** The run writes every second; a minute of silence means that its process hangs. */
  static final double SILENT_SECONDS = 60;

  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** The content of {@code summary.json}, and when it was written. */
  record Summary(JsonNode content, Instant written) {}

  /** What is to be said of a run; the exit code of {@code krites status} follows from it. */
  enum Verdict {
    STARTING("starting: it has not said anything yet", true),
    RUNNING("running", true),
    STALLED("stalled: nothing moves", false),
    SILENT("silent: its process lives and says nothing", false),
    COMPLETED("ended: all steps are done", true),
    STOPPED("stopped in order", true),
    FAILED("failed", false),
    LOST("its process is gone without a word: killed, or failed hard", false);

    private final String words;
    private final boolean well;

    Verdict(String words, boolean well) {
      this.words = words;
      this.well = well;
    }

    String words() {
      return words;
    }

    /** Whether the run goes on or ended as it should. */
    boolean isWell() {
      return well;
    }
  }

  /**
   * Looks at a run.
   *
   * @throws InputError if the folder holds no run, or a file of it is damaged
   */
  static RunView of(Path folder, Instant now) {
    RunDirectory.requireRun(folder);
    boolean alive = RunLock.isHeld(folder);
    return new RunView(folder, alive, StatusFile.read(folder), summary(folder), now);
  }

  private static Optional<Summary> summary(Path folder) {
    Path file = folder.resolve(RunDirectory.SUMMARY);
    try {
      Instant written = Files.getLastModifiedTime(file).toInstant();
      JsonNode content = MAPPER.readTree(Files.readString(file));
      if (!content.path("outcome").isTextual()) {
        throw new InputError(file + ": not the summary of a run");
      }
      return Optional.of(new Summary(content, written));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new InputError(file + ": not the summary of a run: " + e.getMessage(), e);
    }
  }

  Verdict verdict() {
    return alive ? verdictAlive() : verdictDead();
  }

  private Verdict verdictAlive() {
    if (said.isEmpty()) {
      return Verdict.STARTING;
    }
    if (ageSeconds().orElse(0.0) > SILENT_SECONDS) {
      return Verdict.SILENT;
    }
    return said.get().status().diagnosis().isEmpty() ? Verdict.RUNNING : Verdict.STALLED;
  }

  private Verdict verdictDead() {
    if (summary.isEmpty() || isOlderThanSaid(summary.get())) {
      return Verdict.LOST;
    }
    return switch (summary.get().content().get("outcome").asText()) {
      case "completed" -> Verdict.COMPLETED;
      case "stopped" -> Verdict.STOPPED;
      default -> Verdict.FAILED;
    };
  }

  /** Whether the run went on after its summary: the file is from an earlier process. */
  private boolean isOlderThanSaid(Summary of) {
    return said.isPresent()
        && of.written().isBefore(Instant.ofEpochMilli(said.get().writtenMillis()));
  }

  /** How old the run's last word is. */
  Optional<Double> ageSeconds() {
    return said.map(word -> Math.max(0, now.toEpochMilli() - word.writtenMillis()) / 1000.0);
  }

  /** What a dead run that has steps left goes on with; empty for all others. */
  Optional<String> resume() {
    return alive || verdict() == Verdict.COMPLETED
        ? Optional.empty()
        : Optional.of("krites train --resume " + folder);
  }
}
