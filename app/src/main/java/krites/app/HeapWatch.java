package krites.app;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Keeps dead objects from filling memory. The serial collector looks at its old generation only
 * when that can grow no further, so in a run of weeks garbage would first fill the whole of {@code
 * -Xmx}; buffers outside the heap ({@code ByteBuffer.allocateDirect}, one for each tensor that DJL
 * makes of Java's numbers) stay for as long as the dead objects that own them. This asks for a
 * collection as soon as both together are {@value #ALLOWANCE} bytes, and half as much again as the
 * last collection left, above what it left.
 */
final class HeapWatch {
  /** Garbage that is no matter: a collection costs more than it would give. */
  static final long ALLOWANCE = 64L << 20;

  /** The name of the serial collector's old generation; other collectors look after theirs. */
  private static final String OLD = "Tenured Gen";

  private static final Duration EVERY = Duration.ofSeconds(5);

  /** A collection is followed by so many times its own length without one: 1 % of the time. */
  private static final int REST = 99;

  private final LongSupplier bytes;
  private final Runnable collector;
  private long left;

  /**
   * A watch over a heap of which nothing is known yet.
   *
   * @param bytes what lies in the old generation and in direct buffers, dead or alive
   * @param collector takes the dead ones away
   */
  HeapWatch(LongSupplier bytes, Runnable collector) {
    this.bytes = bytes;
    this.collector = collector;
    this.left = bytes.getAsLong();
  }

  /** Watches this process from now on, where its collector is the serial one. */
  static void begin() {
    Thread.ofPlatform().daemon().name("krites-heap").start(HeapWatch::watch);
  }

  private static void watch() {
    try {
      // Most verbs have ended by then, and need not load what tells of memory.
      Thread.sleep(EVERY);
      Optional<MemoryPoolMXBean> old =
          ManagementFactory.getMemoryPoolMXBeans().stream()
              .filter(pool -> pool.getName().equals(OLD))
              .findFirst();
      Optional<BufferPoolMXBean> direct =
          ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
              .filter(pool -> pool.getName().equals("direct"))
              .findFirst();
      if (old.isEmpty() || direct.isEmpty()) {
        return;
      }
      HeapWatch watch =
          new HeapWatch(
              () -> old.get().getUsage().getUsed() + direct.get().getMemoryUsed(), System::gc);
      while (true) {
        Thread.sleep(EVERY);
        long start = System.nanoTime();
        if (watch.look()) {
          Thread.sleep(Duration.ofNanos(REST * (System.nanoTime() - start)));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Collects if it is worth it.
   *
   * @return whether it was
   */
  boolean look() {
    long now = bytes.getAsLong();
    left = Math.min(left, now); // Java collected by itself
    if (now - left < ALLOWANCE + left / 2) {
      return false;
    }
    collector.run();
    left = bytes.getAsLong();
    return true;
  }
}
