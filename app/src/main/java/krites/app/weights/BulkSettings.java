package krites.app.weights;

import java.net.InetSocketAddress;
import krites.transfer.Carrier;
import krites.transfer.Ticket;
import krites.transfer.TransferSettings;

/**
 * How a node takes part in the bulk plane.
 *
 * @param bind where it listens; port 0 for one that the system picks
 * @param host under which other nodes reach it
 * @param run the secret of the run, the same on every node of it
 * @param carrier plain, or with certificates
 * @param transfer limits
 * @param deltas whether what changed since the version before is offered too: worth it where the
 *     network is slower than a processor looks through weights, some hundreds of megabytes a second
 */
public record BulkSettings(
    InetSocketAddress bind,
    String host,
    Ticket run,
    Carrier carrier,
    TransferSettings transfer,
    boolean deltas) {
  /** A delta of more than this share of all bytes is not worth its two passes over the weights. */
  static final double DELTA_SHARE_MAX = 0.25;
}
