package krites.transfer;

import java.time.Duration;

/**
 * Limits of one node's transfers.
 *
 * @param connections that a receiver fetches one content over, side by side
 * @param connectTimeout until a source counts as dead
 * @param patience how long a peer may move no byte; a source that waits itself says so more often
 * @param rounds how often a receiver tries all its sources before it gives up
 * @param maxClients connections that a server serves at once
 * @param compareDigests whether the SHA-256 of each chunk is compared beside its seal. Seals find
 *     what a network, a disk or a stranger on the network does; only digests find what a node of
 *     the cluster does that has been taken over and relays. They take half a second to a second of
 *     a core for each GB
 */
public record TransferSettings(
    int connections,
    Duration connectTimeout,
    Duration patience,
    int rounds,
    int maxClients,
    boolean compareDigests) {
  /**
   * Two connections fill a loopback that one does not; a second of silence between two hosts of a
   * cluster is a dead host, two are certain.
   */
  public static final TransferSettings DEFAULT =
      new TransferSettings(2, Duration.ofSeconds(1), Duration.ofSeconds(2), 3, 64, false);

  public TransferSettings {
    if (connections < 1 || rounds < 1 || maxClients < 1) {
      throw new IllegalArgumentException(
          connections + " connections, " + rounds + " rounds, " + maxClients + " clients");
    }
    if (!connectTimeout.isPositive() || !patience.isPositive()) {
      throw new IllegalArgumentException("timeouts " + connectTimeout + " and " + patience);
    }
  }

  /** The same with digests compared or not. */
  public TransferSettings comparingDigests(boolean compare) {
    return new TransferSettings(connections, connectTimeout, patience, rounds, maxClients, compare);
  }

  /** The same with another patience. */
  public TransferSettings waiting(Duration other) {
    return new TransferSettings(
        connections, connectTimeout, other, rounds, maxClients, compareDigests);
  }

  /** How often a source that waits says so. */
  Duration waitNotice() {
    return patience.dividedBy(4);
  }
}
