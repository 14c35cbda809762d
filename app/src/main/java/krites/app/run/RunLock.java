package krites.app.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Whether a process is writing a run's folder: it holds a lock for as long as it lives. */
public final class RunLock {
  /** The file that is locked; what is in it does not matter. */
  public static final String FILE = ".lock";

  private static final int TRIES = 10;
  private static final long TRY_EVERY_MILLIS = 20;

  private RunLock() {}

  /**
   * Locks a run's lock file for this process; null if another one has it. Tries for a fifth of a
   * second, because whoever looks whether a run is alive has the lock for an instant.
   */
  public static @Nullable FileLock take(FileChannel channel) throws IOException {
    for (int i = 1; i <= TRIES; i++) {
      try {
        FileLock lock = channel.tryLock();
        if (lock != null || i == TRIES) {
          return lock;
        }
        Thread.sleep(TRY_EVERY_MILLIS);
      } catch (OverlappingFileLockException e) {
        return null; // this very process has it
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return null;
      }
    }
    return null;
  }

  /**
   * Whether a process has the run's lock. Looks with a shared lock, for an instant, so that two who
   * look do not see each other. Meant for other processes: where locks belong to a process and not
   * to a file handle, the process that holds the lock loses it by looking.
   *
   * @throws RunFileException if the file cannot be opened
   */
  public static boolean isHeld(Path runFolder) {
    Path file = runFolder.resolve(FILE);
    if (!Files.exists(file)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true);
      return lock == null;
    } catch (OverlappingFileLockException e) {
      return true; // by this very process
    } catch (IOException e) {
      throw new RunFileException("read", file, e);
    }
  }
}
