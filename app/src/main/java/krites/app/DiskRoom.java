package krites.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import krites.app.plan.PlanReport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits until a disk has room again. A run that lost its learner to a full disk would lose the next
 * one in the same way, and use up its recoveries within seconds; a person who makes room saves it.
 */
final class DiskRoom {
  private static final Logger LOG = LoggerFactory.getLogger(DiskRoom.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final Duration TELL_EVERY = Duration.ofMinutes(1);

  private final Path folder;
  private final Duration patience;
  private final LongSupplier free;
  private final LongConsumer sleep;

  /**
   * @param folder on the disk; it exists
   * @param patience how long to wait at the most
   */
  DiskRoom(Path folder, Duration patience) {
    this(folder, patience, () -> usable(folder), DiskRoom::pause);
  }

  /**
   * As above, for tests.
   *
   * @param free bytes, now
   * @param sleep takes milliseconds
   */
  DiskRoom(Path folder, Duration patience, LongSupplier free, LongConsumer sleep) {
    this.folder = folder;
    this.patience = patience;
    this.free = free;
    this.sleep = sleep;
  }

  private static long usable(Path folder) {
    try {
      return Files.getFileStore(folder).getUsableSpace();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot tell the free space: " + e.getMessage(), e);
    }
  }

  private static void pause(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for room on the disk", e);
    }
  }

  /**
   * Returns when there is room, or when patience is at its end: then whoever needs the room says
   * what it lacks.
   *
   * @param bytes that are needed
   * @return whether there is room
   */
  boolean await(long bytes) {
    long waited = 0;
    long told = -TELL_EVERY.toMillis();
    for (long now = free.getAsLong(); now < bytes; now = free.getAsLong()) {
      if (waited >= patience.toMillis()) {
        LOG.error("{}: waited {} s in vain for room on the disk", folder, waited / 1000);
        return false;
      }
      if (waited - told >= TELL_EVERY.toMillis()) {
        told = waited;
        LOG.warn(
            "{}: {} are free on this disk, and going on needs {}; make room within {} s",
            folder,
            PlanReport.size(now),
            PlanReport.size(bytes),
            (patience.toMillis() - waited) / 1000);
      }
      sleep.accept(LOOK_EVERY.toMillis());
      waited += LOOK_EVERY.toMillis();
    }
    if (waited > 0) {
      LOG.warn("{}: there is room again", folder);
    }
    return true;
  }
}
