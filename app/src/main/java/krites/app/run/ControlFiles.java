package krites.app.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Stream;
import krites.app.InputError;
import krites.grpo.flow.LiveSetting;
import krites.grpo.port.ControlInbox;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests that {@code krites set} drops into the folder of a running job.
 *
 * <p>Nothing that lies in the folder can stop the run: what is no request is answered with what was
 * expected and moved to {@code control/refused/}, and when the folder itself cannot be read, that
 * is logged once.
 */
public final class ControlFiles implements ControlInbox {
  /**
   * Requests of one call; a person sends one, a script a few. The rest comes with the next call.
   */
  private static final int MOST_AT_ONCE = 100;

  private static final Logger LOG = LoggerFactory.getLogger(ControlFiles.class);

  private final ControlFolder folder;
  private final BiFunction<String, String, LiveSetting> understand;
  private final Consumer<LiveSetting> keep;
  private final Map<String, LiveSetting> open = new HashMap<>();
  private boolean complained;

  /**
   * Makes the folder. Requests that are in it were meant for a process that is gone; they are
   * refused.
   *
   * @param understand makes a setting of key and value, or throws {@link InputError} with what is
   *     wrong
   * @param keep is told of every change that came into force, to remember it for a resume; may
   *     throw {@link RunFileException}
   * @throws RunFileException if the folder cannot be made
   */
  public ControlFiles(
      Path runFolder,
      BiFunction<String, String, LiveSetting> understand,
      Consumer<LiveSetting> keep) {
    this.folder = ControlFolder.of(runFolder);
    this.understand = understand;
    this.keep = keep;
    try {
      folder.make();
      refuseLeftovers();
    } catch (IOException e) {
      throw new RunFileException("prepare", folder.path(), e);
    }
  }

  @Override
  public List<Request> poll() {
    List<Request> requests = new ArrayList<>();
    try {
      for (Path file : requestFiles(folder.path(), MOST_AT_ONCE)) {
        String id = ControlFolder.id(file).orElseThrow();
        if (take(file, id)) {
          read(id).ifPresent(requests::add);
        }
      }
      complained = false;
    } catch (IOException e) {
      if (!complained) {
        LOG.warn("{}", RunFileException.message("read", folder.path(), e));
      }
      complained = true;
    }
    return requests;
  }

  @Override
  public void answer(String id, boolean accepted, String message) {
    LiveSetting setting = open.remove(id);
    if (!accepted || setting == null) {
      refuse(id, message);
      return;
    }
    String kept = "";
    try {
      keep.accept(setting);
    } catch (UncheckedIOException | InputError e) {
      kept = "; a resume will not know of it: " + e.getMessage();
      LOG.warn("{} is in force{}", setting.key(), kept);
    }
    close(id, new ControlFolder.Answer(true, message + kept));
  }

  /** Whether the request was still there. */
  private boolean take(Path file, String id) throws IOException {
    try {
      Files.createDirectories(folder.taken());
      Files.move(file, folder.taken(id), StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (NoSuchFileException withdrawn) {
      return false;
    }
  }

  private Optional<Request> read(String id) {
    try {
      ControlFolder.Request asked = ControlFolder.readRequest(folder.taken(id));
      LiveSetting setting = understand.apply(asked.key(), asked.value());
      open.put(id, setting);
      return Optional.of(new Request(id, setting));
    } catch (IOException | InputError | IllegalArgumentException notUnderstood) {
      refuse(id, String.valueOf(notUnderstood.getMessage()));
      return Optional.empty();
    }
  }

  private void refuse(String id, String message) {
    Path taken = folder.taken(id);
    try {
      Files.createDirectories(folder.refused());
      if (Files.exists(taken)) {
        Files.move(
            taken,
            folder.refused().resolve(taken.getFileName()),
            StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      LOG.warn("{}", RunFileException.message("move", taken, e));
    }
    close(id, new ControlFolder.Answer(false, message));
  }

  private void close(String id, ControlFolder.Answer answer) {
    LOG.info("request {}: {}", answer.accepted() ? "granted" : "refused", answer.message());
    try {
      folder.write(id, answer);
      Files.deleteIfExists(folder.taken(id));
    } catch (IOException | RunFileException e) {
      LOG.warn("request {} could not be answered: {}", id, e.getMessage());
    }
  }

  private void refuseLeftovers() throws IOException {
    removeAnswers();
    for (Path file : requestFiles(folder.path(), Integer.MAX_VALUE)) {
      take(file, ControlFolder.id(file).orElseThrow());
    }
    for (Path file : requestFiles(folder.taken(), Integer.MAX_VALUE)) {
      refuse(
          ControlFolder.id(file).orElseThrow(),
          "the process that this was meant for is gone; ask again");
    }
  }

  /** Whoever waited for them is gone too, or has read them. */
  private void removeAnswers() throws IOException {
    try (Stream<Path> files = Files.list(folder.path())) {
      for (Path file :
          files.filter(file -> file.getFileName().toString().startsWith("answer-")).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Requests in the order of their ids, which is the order in which they were made. */
  private static List<Path> requestFiles(Path where, int most) throws IOException {
    if (!Files.isDirectory(where)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(where)) {
      return files
          .filter(file -> ControlFolder.id(file).isPresent())
          .sorted(Comparator.comparing(file -> file.getFileName().toString()))
          .limit(most)
          .toList();
    } catch (UncheckedIOException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
