package krites.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The sources of one content as one connection sees them: it stays with the one that works, and
 * after a failure goes on with the next, round and round, until all have failed as often as the
 * settings allow without a success between.
 */
final class Sources {
  private final ContentReceiver.Order order;
  private final TransferSettings settings;
  private final TransferListener listener;
  private int current;

  /** Work with one source. */
  interface Attempt<T> {
    T with(InetSocketAddress source) throws IOException;
  }

  Sources(ContentReceiver.Order order, TransferSettings settings, TransferListener listener) {
    this.order = order;
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Tries until it worked.
   *
   * @param progress a number that grows when a failed attempt brought something after all; such an
   *     attempt counts as a success
   */
  <T> T tryAll(Attempt<T> attempt, LongSupplier progress) throws IOException, InterruptedException {
    Map<InetSocketAddress, String> failures = new LinkedHashMap<>();
    int count = order.sources().size();
    long before = progress.getAsLong();
    for (int tries = 0; tries < count * settings.rounds(); tries++) {
      if (tries > 0 && tries % count == 0) {
        // All failed: a moment, so that one that restarts can be found.
        Thread.sleep(settings.connectTimeout());
      }
      InetSocketAddress source = order.sources().get(current);
      try {
        return attempt.with(source);
      } catch (IOException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException("the transfer of " + order.name() + " was stopped");
        }
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
