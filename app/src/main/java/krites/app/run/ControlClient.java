package krites.app.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** Asks the process of a run to change a setting, by way of its folder. */
public final class ControlClient {
  /** Often enough for a person, seldom enough for a disk. */
  private static final long LOOK_EVERY_MILLIS = 50;

  private static final AtomicLong ASKED = new AtomicLong(); // by this process

  private final Path runFolder;
  private final ControlFolder folder;

  public ControlClient(Path runFolder) {
    this.runFolder = runFolder;
    this.folder = ControlFolder.of(runFolder);
  }

  /** What came back. */
  public sealed interface Outcome {
    /** The change is in force; the message says from when. */
    record Granted(String message) implements Outcome {}

    /** Nothing was changed; the message says why. */
    record Refused(String message) implements Outcome {}

    /** Nobody answered. Unless it was taken up, the request is withdrawn: nothing will change. */
    record Silence(boolean takenUp) implements Outcome {}

    /** The process ended before it answered. */
    record Ended() implements Outcome {}
  }

  /**
   * Asks, and waits for the answer.
   *
   * @throws RunFileException if the request cannot be written or the answer cannot be read
   */
  public Outcome ask(String key, String value, Duration patience) {
    String id =
        String.format(
            Locale.ROOT,
            "%013d-%d-%d",
            InstantSource.system().millis(),
            ProcessHandle.current().pid(),
            ASKED.incrementAndGet());
    try {
      folder.make();
    } catch (IOException e) {
      throw new RunFileException("create", folder.path(), e);
    }
    folder.write(id, new ControlFolder.Request(key, value));
    long start = System.nanoTime();
    while (System.nanoTime() - start < patience.toNanos()) {
      Optional<Outcome> answered = answer(id);
      if (answered.isPresent()) {
        return answered.get();
      }
      if (!RunLock.isHeld(runFolder)) {
        return answer(id).orElseGet(() -> ended(id));
      }
      if (!pause()) {
        break;
      }
    }
    return answer(id).orElseGet(() -> new Outcome.Silence(!withdraw(id)));
  }

  private Optional<Outcome> answer(String id) {
    Path file = folder.answer(id);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      ControlFolder.Answer answer = ControlFolder.readAnswer(file);
      Files.deleteIfExists(file);
      return Optional.of(
          answer.accepted()
              ? new Outcome.Granted(answer.message())
              : new Outcome.Refused(answer.message()));
    } catch (IOException e) {
      throw new RunFileException("read", file, e);
    }
  }

  private Outcome ended(String id) {
    withdraw(id);
    return new Outcome.Ended();
  }

  /** Whether the request was still there to be withdrawn. */
  private boolean withdraw(String id) {
    try {
      return Files.deleteIfExists(folder.request(id));
    } catch (IOException e) {
      throw new RunFileException("withdraw", folder.request(id), e);
    }
  }

  private static boolean pause() {
    try {
      Thread.sleep(LOOK_EVERY_MILLIS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
