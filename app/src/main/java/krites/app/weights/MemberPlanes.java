package krites.app.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import krites.actors.NodeSettings;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberLost;
import krites.grpo.port.MemberPlane;
import krites.transfer.Carrier;
import krites.transfer.PeerStreams;
import krites.transfer.Ticket;
import krites.transfer.TransferListener;
import krites.transfer.TransferSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a node's member of a learner listens for the other members.
 *
 * @param host under which other nodes reach it
 * @param bind address that it listens on
 * @param port 0 takes a free one
 * @param tls as between the actors of the nodes; empty for plain TCP
 */
public record MemberPlanes(String host, String bind, int port, Optional<NodeSettings.Tls> tls) {
  private static final Logger LOG = LoggerFactory.getLogger(MemberPlanes.class);

  /** All members listen before they are told of each other. */
  private static final Duration JOIN_WITHIN = Duration.ofSeconds(20);

  /**
   * Ten seconds of silence are no pause of a collector and no busy host any more; a process that
   * ends is known at once.
   */
  private static final TransferSettings LIMITS =
      new TransferSettings(1, Duration.ofSeconds(5), Duration.ofSeconds(10), 1, 128, false);

  /**
   * Opens this node's end.
   *
   * @param secret of the job
   * @throws UncheckedIOException if the port is taken
   */
  public MemberPlane open(String secret) {
    return open(secret, LIMITS);
  }

  /** As above, with other limits. */
  MemberPlane open(String secret, TransferSettings limits) {
    try {
      PeerStreams streams =
          PeerStreams.open(
              new InetSocketAddress(bind, port),
              Ticket.parse(secret),
              limits,
              tls.map(stores -> Carrier.tls(WeightPlane.context(stores))).orElse(Carrier.PLAIN),
              new Log());
      return new Plane(streams, host + ":" + streams.address().getPort());
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    }
  }

  private record Plane(PeerStreams streams, String address) implements MemberPlane {
    @Override
    public String freshTicket() {
      return Ticket.fresh().secret();
    }

    @Override
    public MemberExchange join(String ticket, List<String> addresses, int rank) {
      List<InetSocketAddress> members = addresses.stream().map(BulkWeights::address).toList();
      call(
          () -> {
            streams.join(new PeerStreams.Plan(Ticket.parse(ticket), members), rank, JOIN_WITHIN);
            return true;
          });
      return new Exchange(streams, rank, members.size());
    }

    @Override
    public void close() {
      streams.close();
    }
  }

  private record Exchange(PeerStreams streams, int rank, int members) implements MemberExchange {
    @Override
    public void send(int to, ByteBuffer bytes) {
      call(
          () -> {
            streams.send(to, bytes);
            return true;
          });
    }

    @Override
    public boolean await(int from, Duration atMost) {
      return call(() -> streams.await(from, atMost));
    }

    @Override
    public void receive(int from, ByteBuffer target) {
      call(
          () -> {
            streams.receive(from, target);
            return true;
          });
    }

    @Override
    public void close() {
      streams.close();
    }
  }

  private interface Deed<T> {
    T done() throws IOException, InterruptedException;
  }

  private static <T> T call(Deed<T> deed) {
    try {
      return deed.done();
    } catch (IOException e) {
      throw new MemberLost("the learner lost a member: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MemberLost("stopped", e);
    }
  }

  /** A line for each stranger. */
  private static final class Log implements TransferListener {
    @Override
    public void refused(String peer, String reason) {
      LOG.warn("refused {} as a member of the learner: it {}", peer, reason);
    }

    @Override
    public void broken(String peer, String reason) {
      LOG.info("a connection of the learner with {} broke: {}", peer, reason);
    }
  }
}
