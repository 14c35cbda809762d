package krites.transfer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Work on each chunk of a file, on all processors, in any order. */
final class EachChunk {
  private EachChunk() {}

  /** Work on one chunk, on the thread that it was made for. */
  interface Work {
    void on(int chunk) throws IOException;
  }

  /**
   * Does it, and returns when all is done.
   *
   * @param maker makes what one thread works with
   * @throws IOException the first that a chunk met; chunks that were not begun are left
   */
  static void on(int chunks, Supplier<Work> maker) throws IOException {
    int threads = Math.min(chunks, Runtime.getRuntime().availableProcessors());
    if (threads <= 1) {
      run(new AtomicInteger(), chunks, maker.get());
      return;
    }
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService pool =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("transfer-check").factory())) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        all.add(
            pool.submit(
                () -> {
                  try {
                    run(next, chunks, maker.get());
                  } catch (IOException e) {
                    next.set(chunks);
                    throw e;
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        join(one);
      }
    }
  }

  private static void run(AtomicInteger next, int chunks, Work work) throws IOException {
    int chunk = next.getAndIncrement();
    while (chunk < chunks) {
      work.on(chunk);
      chunk = next.getAndIncrement();
    }
  }

  private static void join(Future<?> one) throws IOException {
    try {
      one.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IllegalStateException("chunks could not be looked at", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TransferException("interrupted while chunks were looked at", e);
    }
  }
}
