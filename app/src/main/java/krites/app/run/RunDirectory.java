package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import krites.app.InputError;
import krites.app.config.RunConfig;
import krites.grpo.flow.RunState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder that a run writes: its configuration, its growing files, its checkpoints and its
 * summary.
 *
 * <p>Exactly one process writes it at a time (a file lock). The journal only grows: it tells what
 * was undone too. The other growing files always read as one run: a resume moves lines beyond the
 * checkpoint's step to {@code resumed-over/}.
 */
public final class RunDirectory implements AutoCloseable {
  /** The resolved configuration; its presence marks a folder that holds a run. */
  public static final String CONFIG = "config.resolved.conf";

  public static final String METRICS = "metrics.jsonl";
  public static final String SAMPLES = "samples.jsonl";
  public static final String EVALS = "evals.jsonl";
  public static final String EVENTS = "events.jsonl";
  public static final String SUMMARY = "summary.json";

  /** What must not change when the run goes on. */
  public static final String IDENTITY = "identity.json";

  public static final String LOG = "krites.log";

  private static final Logger LOGGER = LoggerFactory.getLogger(RunDirectory.class);
  private static final String STEP = "step";
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path path;
  private final RunLock lock;
  private final Checkpoints checkpoints;
  private final JsonLines metrics;
  private final JsonLines samples;
  private final JsonLines evals;
  private final JournalWriter journal;

  private RunDirectory(Path path, RunLock lock, Checkpoints checkpoints, JournalWriter journal) {
    this.path = path;
    this.lock = lock;
    this.checkpoints = checkpoints;
    this.metrics = JsonLines.open(path.resolve(METRICS));
    this.samples = JsonLines.open(path.resolve(SAMPLES));
    this.evals = JsonLines.open(path.resolve(EVALS));
    this.journal = journal;
  }

  /**
   * Makes the folder of a new run. One in which a run was to begin, and nothing was written down,
   * is taken as if it were empty.
   *
   * @param configText what {@link #CONFIG} will hold
   * @param keep checkpoints to keep; 0 keeps all
   * @param claim who writes it
   * @throws InputError if the folder holds a run already or cannot be written
   */
  public static RunDirectory create(
      Path path, String configText, int keep, RunConfig.Journal settings, RunLock.Claim claim) {
    requireNotBegun(path);
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new InputError("run folder " + path + " is a file");
    }
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new InputError(RunFileException.message("create run folder", path, e), e);
    }
    if (!Files.isWritable(path)) {
      throw new InputError("cannot write into run folder " + path + ": permission denied");
    }
    RunLock lock = lock(path, claim);
    try {
      requireNotBegun(path); // nor by somebody who had the lock until now
    } catch (InputError e) {
      lock.close();
      throw e;
    }
    DurableFiles.write(path.resolve(CONFIG), configText);
    return new RunDirectory(
        path,
        lock,
        new Checkpoints(checkpointFolder(path), keep),
        journal(path, JournalEnd.EMPTY, settings));
  }

  /**
   * Opens the folder of a run to go on: removes unfinished checkpoints, and moves an unfinished
   * line of the journal and every line that the run will write again aside.
   *
   * @param configText the configuration as it is now; it replaces the old one
   * @param from where the run goes on
   * @param claim who writes it; one that succeeds another does not wait until that one is gone
   * @throws InputError if there is no run, another process writes it, or its journal is not as long
   *     as when it was read; no run was changed then
   */
  public static RunDirectory resume(
      Path path,
      String configText,
      int keep,
      RunConfig.Journal settings,
      Resumption from,
      RunLock.Claim claim) {
    requireRun(path);
    RunLock lock = lock(path, claim);
    JournalEnd end;
    try {
      end = requireAsRead(path.resolve(EVENTS), from);
    } catch (InputError e) {
      lock.close();
      throw e;
    }
    Checkpoints checkpoints = new Checkpoints(checkpointFolder(path), keep);
    checkpoints.removeUnfinished();
    DurableFiles.write(path.resolve(CONFIG), configText);
    moveTornAside(path, end);
    RunDirectory directory =
        new RunDirectory(path, lock, checkpoints, journal(path, end, settings));
    directory.rewind(from.state());
    return directory;
  }

  /** Whether a run's folder has a journal with something in it. */
  public static boolean hasBegun(Path path) {
    Path journal = path.resolve(EVENTS);
    if (!Files.exists(journal)) {
      return false;
    }
    try (JournalReader reader = JournalReader.open(journal)) {
      return reader.skip(1) > 0;
    } catch (JournalException e) {
      return true; // whatever it was
    }
  }

  private static void requireNotBegun(Path path) {
    if (Files.exists(path.resolve(CONFIG)) && hasBegun(path)) {
      throw new InputError(
          path
              + " holds a run already; go on with it by --resume "
              + path
              + " or name another --run-dir");
    }
  }

  /**
   * Puts copies in the place of the files that grow. A process that was stopped, and goes on where
   * it was, writes into the files that it has open: those have no name any more.
   */
  private static void leaveOpenFilesBehind(Path path) {
    LOGGER.warn("{}: the process that wrote it has not let go of it; its files are replaced", path);
    for (String name : List.of(EVENTS, METRICS, SAMPLES, EVALS)) {
      DurableFiles.renew(path.resolve(name));
    }
  }

  private static JournalEnd requireAsRead(Path journal, Resumption from) {
    JournalEnd read = from.journal();
    try (JournalReader reader =
        JournalReader.openAt(journal, read).orElseGet(() -> JournalReader.open(journal))) {
      reader.skip(Long.MAX_VALUE);
      JournalEnd end = reader.end();
      if (end.records() != read.records() || !end.digest().equals(read.digest())) {
        throw new InputError(
            journal
                + ": expected "
                + read.records()
                + " records, found "
                + end.records()
                + "; another process has written this run in the meantime: try again");
      }
      return end;
    }
  }

  private static JournalWriter journal(Path path, JournalEnd end, RunConfig.Journal settings) {
    return JournalWriter.open(path.resolve(EVENTS), end, settings, InstantSource.system());
  }

  /** Keeps what a crash left of a line; the writer cuts it off. */
  private static void moveTornAside(Path path, JournalEnd end) {
    if (end.tornBytes() == 0) {
      return;
    }
    Path file = path.resolve(EVENTS);
    Path side = side(path).resolve(EVENTS);
    try (FileChannel from = FileChannel.open(file, StandardOpenOption.READ)) {
      DurableFiles.append(from, end.bytes(), end.bytes() + end.tornBytes(), side);
    } catch (IOException e) {
      throw new RunFileException("write", side, e);
    }
    LOGGER.warn(
        "{}: the last line was left unfinished by a crash and was never acknowledged; its {} bytes"
            + " lie in {} now",
        file,
        end.tornBytes(),
        side);
  }

  /**
   * The configuration file of an existing run.
   *
   * @throws InputError if the folder holds no run
   */
  public static Path requireRun(Path path) {
    Path config = path.resolve(CONFIG);
    if (!Files.isRegularFile(config)) {
      throw new InputError(path + " is not the folder of a run: it has no " + CONFIG);
    }
    return config;
  }

  /**
   * The newest complete checkpoint of an existing run.
   *
   * @throws InputError if the folder holds no run
   */
  public static Optional<Checkpoints.Checkpoint> newestCheckpoint(Path path) {
    requireRun(path);
    return new Checkpoints(checkpointFolder(path), 0).latest();
  }

  /**
   * All complete checkpoints of an existing run, oldest first.
   *
   * @throws InputError if the folder holds no run
   */
  static List<Checkpoints.Checkpoint> checkpoints(Path path) {
    requireRun(path);
    return new Checkpoints(checkpointFolder(path), 0).all();
  }

  /** The checkpoints of this run, for a learner of this process. */
  public CheckpointFiles checkpointFiles() {
    return new CheckpointFiles(
        checkpoints,
        new CheckpointFiles.Lineage() {
          @Override
          public JournalEnd at(long record) {
            return journal.at(record);
          }

          @Override
          public void requireCurrent(long record) {
            requireHeld();
          }
        });
  }

  /**
   * The checkpoints of a run that another process leads, for a learner that writes them.
   *
   * @param keep checkpoints to keep; 0 keeps all
   */
  public static CheckpointFiles checkpointsOf(Path path, int keep) {
    Checkpoints checkpoints = new Checkpoints(checkpointFolder(path), keep);
    JournalEnd known =
        checkpoints
            .latest()
            .flatMap(newest -> CheckpointFiles.read(newest).end())
            .orElse(JournalEnd.EMPTY);
    return new CheckpointFiles(checkpoints, new JournalLineage(path.resolve(EVENTS), known));
  }

  /** The folder of a run's checkpoint after a step. */
  public static Path checkpointFolder(Path path, long step) {
    return checkpointFolder(path).resolve("step-" + step);
  }

  public Path path() {
    return path;
  }

  Checkpoints checkpoints() {
    return checkpoints;
  }

  /** One line per learner step; each has {@code step}. */
  public JsonLines metrics() {
    return metrics;
  }

  /** Some responses of each step; each has {@code step}. */
  public JsonLines samples() {
    return samples;
  }

  /** One line per held-out evaluation; each has {@code step}. */
  public JsonLines evals() {
    return evals;
  }

  /** The journal of the ledger. */
  public JournalWriter journal() {
    return journal;
  }

  /**
   * Moves every line that a run going on from a state will write again aside, into {@code
   * resumed-over/}, and deletes checkpoints that have seen what is undone.
   */
  public void rewind(RunState state) {
    checkpoints.removeLaterThan(state.step());
    Path side = side(path);
    // These two are written in the order of the steps.
    metrics.cutBehindLast(side.resolve(METRICS), upTo(state.step()));
    samples.cutBehindLast(side.resolve(SAMPLES), upTo(state.step()));
    // An evaluation that the checkpoint does not know of is made again.
    evals.keepOnly(side.resolve(EVALS), upTo(state.evaluatedStep()));
  }

  private static Path side(Path path) {
    Path side = path.resolve("resumed-over");
    try {
      Files.createDirectories(side);
    } catch (IOException e) {
      throw new RunFileException("create", side, e);
    }
    return side;
  }

  private static Predicate<Map<String, Object>> upTo(long step) {
    return line -> stepOf(line).orElse(0L) <= step;
  }

  /**
   * Refuses to go on when another process has taken over; see {@link RunLock#requireHeld}.
   *
   * @throws RunFileException if so
   */
  public void requireHeld() {
    lock.requireHeld();
  }

  /** Replaces {@link #CONFIG}: a setting was changed while the run goes on. */
  public void writeConfig(String text) {
    requireHeld();
    DurableFiles.write(path.resolve(CONFIG), text);
  }

  /** Writes {@link #SUMMARY} as a whole. */
  public void writeSummary(Map<String, ?> summary) {
    write(SUMMARY, summary);
  }

  /** Writes {@link #IDENTITY} as a whole. */
  public void writeIdentity(Map<String, String> identity) {
    write(IDENTITY, identity);
  }

  private void write(String name, Map<String, ?> content) {
    requireHeld();
    try {
      DurableFiles.write(path.resolve(name), MAPPER.writeValueAsString(content) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(name + " cannot be written as JSON", e);
    }
  }

  @Override
  public void close() {
    metrics.close();
    samples.close();
    evals.close();
    journal.close();
    lock.close();
  }

  private static Path checkpointFolder(Path path) {
    return path.resolve("checkpoints");
  }

  private static Optional<Long> stepOf(Map<String, Object> line) {
    return line.get(STEP) instanceof Number step ? Optional.of(step.longValue()) : Optional.empty();
  }

  private static RunLock lock(Path path, RunLock.Claim claim) {
    try {
      return RunLock.acquire(path, claim, () -> leaveOpenFilesBehind(path))
          .orElseThrow(
              () ->
                  new InputError(
                      "run folder "
                          + path
                          + " is being written by another process ("
                          + RunLock.holder(path)
                          + ")"));
    } catch (IOException e) {
      throw new InputError(RunFileException.message("write", path.resolve(RunLock.FILE), e), e);
    }
  }
}
