package krites.app.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import krites.app.InputError;
import krites.app.config.ExperimentConfig;
import krites.app.config.ResolvedConfig;
import krites.app.process.Launcher;
import krites.app.run.DurableFiles;
import krites.app.run.RunFileException;
import krites.app.run.RunLock;

/**
 * Does what is left of a cell: its stages, what is measured on the model they end with, and the
 * numbers of it all. Each step leaves files that say it is done, so whoever is killed goes on.
 *
 * @param experiment the experiment
 * @param launcher runs the verbs
 * @param stopping whether no more is to be begun
 */
record CellRun(ExperimentConfig experiment, Launcher launcher, BooleanSupplier stopping) {
  /** A run whose experiment was killed notices it, writes a checkpoint and ends within this. */
  private static final Duration RELEASE = Duration.ofSeconds(20);

  private static final long LOOK_EVERY_MILLIS = 200;

  /** A verb failed. */
  private static final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    Failure(String reason) {
      super(reason);
    }
  }

  /**
   * Runs the cell to its end, unless it is asked to stop.
   *
   * @return how it stands then
   */
  CellState run(Cell cell) throws InterruptedException {
    cell.clearFailure();
    try {
      Files.createDirectories(cell.folder());
      cell.writeSettings();
      Optional<Path> model = runStages(cell);
      if (model.isPresent() && measure(cell, model.get())) {
        cell.writeResult(CellMeasures.of(cell, experiment), experiment);
      }
    } catch (Failure | RunFileException | InputError e) {
      cell.writeFailure(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new RunFileException("write", cell.folder(), e);
    }
    return CellState.of(cell, experiment);
  }

  /** Returns the model of the last stage; empty when it was asked to stop before. */
  private Optional<Path> runStages(Cell cell) throws Failure, InterruptedException {
    Optional<StageEnd> before = Optional.empty();
    for (Cell.Stage stage : cell.stages()) {
      ResolvedConfig resolved = resolved(cell, stage, before);
      writeSettings(stage, resolved);
      awaitRelease(stage.folder().run());
      List<String> last = List.of();
      while (true) {
        Optional<List<String>> verb = stage.kind().next(stage.folder(), resolved.config());
        if (verb.isEmpty()) {
          break;
        }
        if (verb.get().equals(last)) {
          throw new Failure(last.getFirst() + " ended in order and did not do its work");
        }
        last = verb.get();
        if (!did(last, stage.folder().output())) {
          return Optional.empty();
        }
      }
      before = Optional.of(stage.kind().end(stage.folder(), resolved.config()));
    }
    return before.map(StageEnd::model);
  }

  private ResolvedConfig resolved(Cell cell, Cell.Stage stage, Optional<StageEnd> before) {
    if (before.isEmpty()) {
      return stage.resolved();
    }
    Map<String, String> left = new HashMap<>(before.get().settings());
    left.put(stage.kind().startKey(), before.get().model().toString());
    return experiment.resolve(stage.config(), cell.seed(), left);
  }

  private static void writeSettings(Cell.Stage stage, ResolvedConfig resolved) {
    try {
      Files.createDirectories(stage.folder().path());
    } catch (IOException e) {
      throw new RunFileException("create", stage.folder().path(), e);
    }
    DurableFiles.write(stage.folder().settings(), resolved.text());
  }

  /** Waits for the process of a killed experiment. */
  private static void awaitRelease(Path run) throws InterruptedException {
    long end = System.nanoTime() + RELEASE.toNanos();
    while (RunLock.isHeld(run) && System.nanoTime() < end) {
      Thread.sleep(LOOK_EVERY_MILLIS);
    }
  }

  /** Returns whether all was measured; false when it was asked to stop. */
  private boolean measure(Cell cell, Path model) throws Failure, InterruptedException {
    for (Map.Entry<String, List<String>> verb :
        CellFollowUps.verbs(cell, experiment, model).entrySet()) {
      if (!did(verb.getValue(), cell.folder().resolve("output.log"))) {
        return false;
      }
    }
    return true;
  }

  /** Returns false when it was asked to stop. */
  private boolean did(List<String> verb, Path output) throws Failure, InterruptedException {
    if (stopping.getAsBoolean()) {
      return false;
    }
    int code = launcher.run(verb, output);
    if (stopping.getAsBoolean()) {
      return false;
    }
    if (code != 0) {
      throw new Failure(verb.getFirst() + " " + how(code) + "; " + lastWords(output));
    }
    return true;
  }

  private static String how(int code) {
    return code > 128 ? "was ended by signal " + (code - 128) : "ended with exit code " + code;
  }

  /** The last line that a verb said, of which the rest lies in the file. */
  private static String lastWords(Path output) {
    try {
      List<String> lines =
          Files.exists(output)
              ? Files.readAllLines(output, StandardCharsets.UTF_8).stream()
                  .filter(line -> !line.isBlank())
                  .toList()
              : List.of();
      return lines.isEmpty()
          ? output + " is empty"
          : output + " ends with: " + lines.getLast().strip();
    } catch (IOException e) {
      throw new RunFileException("read", output, e);
    }
  }
}
