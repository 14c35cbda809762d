package krites.transfer;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a node serves: contents by their digests, each for those who have its ticket. Thread safe.
 */
public final class Shelf implements AutoCloseable {
  private final Map<Digest, Item> items = new ConcurrentHashMap<>();

  private record Item(Holding holding, Ticket shown) {}

  /** Serves the files of a folder, which stay as they are until {@link #remove}. */
  public void put(Path folder, Manifest manifest, Ticket ticket) throws IOException {
    put(manifest.digest(), new CompleteHolding(folder, manifest), ticket);
  }

  void put(Digest content, Holding holding, Ticket ticket) throws IOException {
    Item before = items.put(content, new Item(holding, ticket.shown()));
    synchronized (this) {
      notifyAll();
    }
    close(before);
  }

  /** Stops serving a content; transfers that are under way end. Unknown contents are ignored. */
  public void remove(Digest content) throws IOException {
    close(items.remove(content));
  }

  /** Whether the content is served here, at least in part. */
  public boolean has(Digest content) {
    return items.containsKey(content);
  }

  /**
   * Waits until a content is here, at most so long: who is told to fetch from a relay may ask
   * before the relay itself has begun.
   */
  synchronized void await(Digest content, Duration most) throws InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    long left = most.toNanos();
    while (!items.containsKey(content) && left > 0) {
      wait(left / 1_000_000, (int) (left % 1_000_000));
      left = end - System.nanoTime();
    }
  }

  Optional<Holding> find(Digest content, Ticket shown) {
    return Optional.ofNullable(items.get(content))
        .filter(item -> item.shown().equals(shown))
        .map(Item::holding);
  }

  private static void close(@Nullable Item item) throws IOException {
    if (item != null) {
      item.holding().close();
    }
  }

  @Override
  public void close() throws IOException {
    for (Digest content : items.keySet()) {
      remove(content);
    }
  }
}
