package krites.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The sources of one content as one connection sees them: it stays with the one that works, and
 * after a failure goes on with the next, round and round, until all have failed as often as the
 * settings allow without a success between. One that failed a moment ago is tried last.
 */
final class Sources {
  private final ContentReceiver.Order order;
  private final TransferSettings settings;
  private final TransferListener listener;
  private final Doubts doubts;
  private final List<InetSocketAddress> sources;
  private int current;

  /** Work with one source. */
  interface Attempt<T> {
    T with(InetSocketAddress source) throws IOException;
  }

  /** Sources that failed, to anybody of this process. Thread safe. */
  static final class Doubts {
    /** About as long as a cluster takes to give up a node. */
    private static final long LAST_NANOS = Duration.ofSeconds(10).toNanos();

    private final Map<InetSocketAddress, Long> since = new ConcurrentHashMap<>();

    private void add(InetSocketAddress source) {
      since.put(source, System.nanoTime());
    }

    private void remove(InetSocketAddress source) {
      since.remove(source);
    }

    private List<InetSocketAddress> last(List<InetSocketAddress> sources) {
      long now = System.nanoTime();
      since.values().removeIf(then -> now - then > LAST_NANOS);
      return sources.stream().sorted(Comparator.comparing(since::containsKey)).toList();
    }
  }

  Sources(
      ContentReceiver.Order order,
      TransferSettings settings,
      TransferListener listener,
      Doubts doubts) {
    this.order = order;
    this.settings = settings;
    this.listener = listener;
    this.doubts = doubts;
    this.sources = doubts.last(order.sources());
  }

  /**
   * Tries until it worked.
   *
   * @param progress a number that grows when a failed attempt brought something after all; such an
   *     attempt counts as a success
   */
  <T> T tryAll(Attempt<T> attempt, LongSupplier progress) throws IOException, InterruptedException {
    Map<InetSocketAddress, String> failures = new LinkedHashMap<>();
    int count = sources.size();
    long before = progress.getAsLong();
    for (int tries = 0; tries < count * settings.rounds(); tries++) {
      if (tries > 0 && tries % count == 0) {
        // All failed: a moment, so that one that restarts can be found.
        Thread.sleep(settings.connectTimeout());
      }
      InetSocketAddress source = sources.get(current);
      try {
        T result = attempt.with(source);
        doubts.remove(source);
        return result;
      } catch (IOException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException("the transfer of " + order.name() + " was stopped");
        }
        doubts.add(source);
        String reason = String.valueOf(e.getMessage());
        failures.put(source, reason);
        listener.broken(source.getHostString() + ":" + source.getPort(), reason);
        current = (current + 1) % count;
        long now = progress.getAsLong();
        if (now > before) {
          before = now;
          tries = 0;
        }
      }
    }
    throw new TransferException(
        "content " + order.name() + " cannot be had from any source: " + failures);
  }
}
