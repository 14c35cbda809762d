package krites.grpo.port;

import java.util.List;
import java.util.Optional;
import krites.grpo.WeightOffer;
import krites.grpo.WeightUpdate;

/**
 * The bulk side of the weight path at one node: serves versions to other nodes, and fetches them.
 * Thread safe. Every method may block, but {@link #address}.
 */
public interface WeightTransport extends AutoCloseable {
  /** Where other nodes fetch from this one, as {@code host:port}. */
  String address();

  /**
   * Serves a version that lies on this node and was verified, from now on until it is retired.
   *
   * @param base an earlier version that lies here too, for what changed since; empty for all bytes
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  WeightOffer offer(WeightUpdate update, Optional<WeightUpdate> base);

  /**
   * Fetches a version and serves it on while it arrives; a version that is here already is looked
   * at. What a failed try got is kept for the next.
   *
   * @param route whom to ask, in this order
   * @throws java.io.UncheckedIOException if no source could give it, or it was retired meanwhile
   */
  Arrival fetch(WeightOffer offer, Route route);

  /** Stops serving a version and removes its bytes from this node; unknown versions are ignored. */
  void retire(WeightUpdate update);

  /** Ends all transfers. Bytes that are here stay. */
  @Override
  void close();

  /**
   * Whom a node asks, as {@code host:port}.
   *
   * @param full sources of all bytes, at least one
   * @param delta sources of what changed; empty when that is not to be used
   */
  record Route(List<String> full, List<String> delta) {
    public Route {
      full = List.copyOf(full);
      delta = List.copyOf(delta);
      if (full.isEmpty()) {
        throw new IllegalArgumentException("a route without a source");
      }
    }
  }

  /**
   * How a version came.
   *
   * @param update the version, at this node
   * @param bytes that came over the network
   * @param seconds that it took, with all checks
   * @param byDelta whether what changed was enough
   */
  record Arrival(WeightUpdate update, long bytes, double seconds, boolean byDelta) {}
}
