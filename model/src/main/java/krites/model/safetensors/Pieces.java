package krites.model.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Work cut into numbered pieces that a few threads take in order, so that a disk sees nearly
 * sequential access.
 */
public final class Pieces {
  /** A disk or the memory is busy with this many; more only make the access less sequential. */
  private static final int MAX_THREADS = 4;

  private Pieces() {}

  /** One piece. */
  public interface Work {
    /**
     * @param piece its number
     * @param scratch memory that this thread alone uses, with anything in it
     */
    void run(int piece, MemorySegment scratch) throws IOException;
  }

  /**
   * Does all pieces and waits for them. With more than one piece the calling thread only waits:
   * were it interrupted while it reads, the channel would close under the others.
   *
   * @param scratchBytes memory that each thread gets
   * @throws IOException the first failure; pieces that were not begun stay undone
   */
  public static void run(int count, long scratchBytes, Work work) throws IOException {
    int threads =
        Math.min(count, Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors()));
    if (count == 1) {
      try (Arena arena = Arena.ofConfined()) {
        work.run(0, arena.allocate(scratchBytes, Long.BYTES));
      }
      return;
    }
    AtomicInteger next = new AtomicInteger();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Runnable loop =
        () -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment scratch = arena.allocate(scratchBytes, Long.BYTES);
            for (int i = next.getAndIncrement(); i < count && failure.get() == null; ) {
              work.run(i, scratch);
              i = next.getAndIncrement();
            }
          } catch (IOException | RuntimeException | Error e) {
            failure.compareAndSet(null, e);
          }
        };
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      workers.add(Thread.ofPlatform().name("weights-" + i).daemon().start(loop));
    }
    joinAll(workers);
    rethrow(failure.get());
  }

  /** Waits even when interrupted, since the threads write into memory that the caller owns. */
  private static void joinAll(List<Thread> workers) {
    boolean interrupted = false;
    for (Thread worker : workers) {
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void rethrow(@Nullable Throwable failure) throws IOException {
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException("a piece failed", e);
    }
  }
}
