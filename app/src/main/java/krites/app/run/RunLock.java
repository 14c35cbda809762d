package krites.app.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether a process is writing a folder: it holds a lock on a file in it for as long as it lives.
 *
 * <p>A process that was only stopped holds its lock too. Where it is certain that it may not write
 * any more, its successor puts another file in the place of the locked one and locks that. The lock
 * of the process before is then one of a file without a name, and {@link #requireHeld} tells it so.
 */
public final class RunLock implements AutoCloseable {
  /** The file that is locked; it says who did. */
  public static final String FILE = ".lock";

  private static final int TRIES = 10;
  private static final long TRY_EVERY_MILLIS = 20;

  /**
   * Who asks for a lock.
   *
   * @param holder what the file will say of the one who has it; one line
   * @param succeeds whether a lock may be taken from a process that is not gone: the caller knows
   *     that one of the same {@code holder} has lost the right to it
   */
  public record Claim(String holder, boolean succeeds) {
    /** Of a process that succeeds nobody. */
    public static Claim ofThisProcess() {
      return new Claim("process " + ProcessHandle.current().pid(), false);
    }
  }

  private final Path folder;
  private final FileChannel channel;
  private final @Nullable Object key; // of the file; null where the file system has no such thing

  private RunLock(Path folder, FileChannel channel) throws IOException {
    this.folder = folder;
    this.channel = channel;
    this.key = key(folder.resolve(FILE));
  }

  /**
   * Locks a folder for this process.
   *
   * @return empty if another process has the lock, and keeps it
   * @throws IOException if the file cannot be written
   */
  public static Optional<RunLock> acquire(Path folder, Claim claim) throws IOException {
    return acquire(folder, claim, () -> {});
  }

  /**
   * Locks a folder for this process.
   *
   * @param beforeTakingOver what is done before the lock of another process is made void; that
   *     process may have files of the folder open
   * @return empty if another process has the lock, and keeps it
   * @throws IOException if the file cannot be written
   */
  static Optional<RunLock> acquire(Path folder, Claim claim, Runnable beforeTakingOver)
      throws IOException {
    Path file = folder.resolve(FILE);
    FileChannel channel = open(file);
    try {
      if (take(channel)) {
        say(channel, claim.holder());
        return Optional.of(new RunLock(folder, channel));
      }
      channel.close();
      if (!claim.succeeds() || !holder(folder).equals(claim.holder())) {
        return Optional.empty();
      }
      Path successor = folder.resolve(FILE + "-" + ProcessHandle.current().pid());
      Files.deleteIfExists(successor);
      channel = open(successor);
      take(channel);
      say(channel, claim.holder());
      beforeTakingOver.run();
      DurableFiles.put(successor, file);
      return Optional.of(new RunLock(folder, channel));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  /**
   * Tries for a fifth of a second, because whoever looks whether a run is alive has the lock for an
   * instant.
   */
  private static boolean take(FileChannel channel) throws IOException {
    for (int i = 1; i <= TRIES; i++) {
      try {
        if (channel.tryLock() != null) {
          return true;
        }
        if (i < TRIES) {
          Thread.sleep(TRY_EVERY_MILLIS);
        }
      } catch (OverlappingFileLockException e) {
        return false; // this very process has it
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  private static void say(FileChannel channel, String holder) throws IOException {
    channel.truncate(0);
    channel.write(ByteBuffer.wrap((holder + "\n").getBytes(StandardCharsets.UTF_8)), 0);
  }

  /** Who has a folder's lock, or had it last; empty if nobody said so. */
  public static String holder(Path folder) {
    try {
      return Files.readString(folder.resolve(FILE)).strip();
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new RunFileException("read", folder.resolve(FILE), e);
    }
  }

  /**
   * Refuses to go on when another process has taken over. To be asked before a file is replaced by
   * its name; what is written into open files then does not reach the folder any more.
   *
   * @throws RunFileException if so
   */
  public void requireHeld() {
    Path file = folder.resolve(FILE);
    try {
      if (!Objects.equals(key, key(file))) {
        throw new RunFileException(
            "write into",
            folder,
            new IOException("another process has taken over (" + holder(folder) + ")"));
      }
    } catch (IOException e) {
      throw new RunFileException("read", file, e);
    }
  }

  private static @Nullable Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  /**
   * Whether a process has the run's lock. Looks with a shared lock, for an instant, so that two who
   * look do not see each other. Meant for other processes: where locks belong to a process and not
   * to a file handle, the process that holds the lock loses it by looking.
   *
   * @throws RunFileException if the file cannot be opened
   */
  public static boolean isHeld(Path folder) {
    Path file = folder.resolve(FILE);
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

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new RunFileException("unlock", folder, e);
    }
  }
}
