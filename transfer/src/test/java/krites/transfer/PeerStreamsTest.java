package krites.transfer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PeerStreamsTest {
  private static final Ticket RUN = Ticket.fresh();
  private static final Duration WITHIN = Duration.ofSeconds(20);
  private static final TransferSettings SETTINGS =
      new TransferSettings(1, Duration.ofSeconds(5), Duration.ofSeconds(10), 1, 16, false);
  private static final TransferSettings IMPATIENT = SETTINGS.waiting(Duration.ofMillis(600));

  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<String> refused = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open) {
      one.close();
    }
    threads.shutdownNow();
  }

  private final TransferListener listener =
      new TransferListener() {
        @Override
        public void refused(String peer, String reason) {
          refused.add(reason);
        }

        @Override
        public void broken(String peer, String reason) {}
      };

  private PeerStreams member(TransferSettings settings) throws IOException {
    PeerStreams streams =
        PeerStreams.open(Node.loopback(0), RUN, settings, Carrier.PLAIN, listener);
    open.add(streams);
    return streams;
  }

  private List<PeerStreams> members(int count, TransferSettings settings) throws IOException {
    List<PeerStreams> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      members.add(member(settings));
    }
    return members;
  }

  private static List<InetSocketAddress> addresses(List<PeerStreams> members) throws IOException {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (PeerStreams member : members) {
      addresses.add(member.address());
    }
    return addresses;
  }

  private void join(List<PeerStreams> members, List<InetSocketAddress> addresses) throws Exception {
    PeerStreams.Plan plan = new PeerStreams.Plan(Ticket.fresh(), addresses);
    all(members, rank -> members.get(rank).join(plan, rank, WITHIN));
  }

  private interface Deed {
    void of(int rank) throws Exception;
  }

  /** Does something at all members at once. */
  private void all(List<PeerStreams> members, Deed deed) throws Exception {
    List<Future<Boolean>> done = new ArrayList<>();
    for (int rank = 0; rank < members.size(); rank++) {
      int own = rank;
      Callable<Boolean> call =
          () -> {
            deed.of(own);
            return true;
          };
      done.add(threads.submit(call));
    }
    for (Future<Boolean> one : done) {
      try {
        one.get();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof Exception cause ? cause : e;
      }
    }
  }

  private static byte[] bytes(int from, int to) {
    byte[] bytes = new byte[3 * PeerStreams.CHUNK + 77 * from + to];
    new Random(31L * from + to).nextBytes(bytes);
    return bytes;
  }

  @Test
  void everyMemberGetsWhatEveryOtherSends() throws Exception {
    List<PeerStreams> members = members(3, SETTINGS);
    join(members, addresses(members));
    assertFalse(members.get(0).await(1, Duration.ZERO));
    all(
        members,
        rank -> {
          for (int other = 0; other < 3; other++) {
            if (other != rank) {
              members.get(rank).send(other, ByteBuffer.wrap(bytes(rank, other)));
            }
          }
          for (int other = 0; other < 3; other++) {
            if (other != rank) {
              assertTrue(members.get(rank).await(other, WITHIN));
              ByteBuffer got = ByteBuffer.allocate(bytes(other, rank).length);
              members.get(rank).receive(other, got.slice(0, 5)); // calls are no borders
              got.position(5);
              members.get(rank).receive(other, got);
              assertArrayEquals(bytes(other, rank), got.array());
            }
          }
        });
    assertEquals(List.of(), refused);
  }

  /** Silence of the thread that computes is not silence of the member. */
  @Test
  void aMemberThatSendsNothingForLongIsNotTakenForDead() throws Exception {
    List<PeerStreams> members = members(2, IMPATIENT);
    join(members, addresses(members));
    assertFalse(members.get(0).await(1, Duration.ofMillis(2_000)));
    members.get(1).send(0, ByteBuffer.wrap(new byte[] {7}));
    ByteBuffer got = ByteBuffer.allocate(1);
    members.get(0).receive(1, got);
    assertEquals(7, got.get(0));
  }

  @Test
  void aMemberThatDiesEndsWhoeverWaitsForIt() throws Exception {
    List<PeerStreams> members = members(3, SETTINGS);
    join(members, addresses(members));
    Future<?> waits =
        threads.submit(
            () -> {
              members.get(0).receive(1, ByteBuffer.allocate(10));
              return true;
            });
    members.get(1).close();
    ExecutionException lost = assertThrows(ExecutionException.class, waits::get);
    assertTrue(lost.getCause().getMessage().startsWith("member 1: "), lost.getCause().getMessage());
    TransferException sending =
        assertThrows(
            TransferException.class,
            () -> {
              while (true) {
                members.get(2).send(1, ByteBuffer.allocate(PeerStreams.CHUNK));
              }
            });
    assertTrue(sending.getMessage().startsWith("member 1: "), sending.getMessage());
    members.get(0).send(2, ByteBuffer.wrap(new byte[] {1}));
    members.get(2).receive(0, ByteBuffer.allocate(1)); // the others go on
  }

  @Test
  void aMemberWhoseHostStandsStillIsGivenUp() throws Exception {
    TransferException lost = lostThrough(5_000, false, IMPATIENT);
    assertTrue(lost.getMessage().contains("sent nothing for 600 ms"), lost.getMessage());
  }

  @Test
  void aDamagedChunkIsSeen() throws Exception {
    TransferException lost = lostThrough(50_000, true, SETTINGS);
    assertTrue(lost.getMessage().endsWith("sends a damaged chunk"), lost.getMessage());
  }

  /** What one of two members hears when something happens to the bytes on their way to it. */
  private TransferException lostThrough(int after, boolean damages, TransferSettings settings)
      throws Exception {
    List<PeerStreams> members = members(2, settings);
    List<InetSocketAddress> addresses = addresses(members);
    try (Proxy proxy = new Proxy(addresses.get(0), after, damages)) {
      addresses.set(0, proxy.address());
      join(members, addresses);
      members.get(1).send(0, ByteBuffer.allocate(100_000));
      return assertThrows(
          TransferException.class, () -> members.get(0).receive(1, ByteBuffer.allocate(100_000)));
    }
  }

  @Test
  void membersOfAnOlderCircleAndStrangersAreRefused() throws Exception {
    List<PeerStreams> members = members(2, SETTINGS);
    join(members, addresses(members));
    PeerStreams old = member(SETTINGS);
    PeerStreams.Plan older =
        new PeerStreams.Plan(Ticket.fresh(), List.of(members.get(0).address(), old.address()));
    TransferException refusal =
        assertThrows(TransferException.class, () -> old.join(older, 1, WITHIN));
    assertTrue(refusal.getMessage().endsWith("shows no valid ticket"), refusal.getMessage());
    try (Socket noise = new Socket("127.0.0.1", members.get(0).address().getPort())) {
      noise.getOutputStream().write(new byte[200]);
      noise.getOutputStream().flush();
      while (refused.size() < 2) {
        Thread.sleep(10);
      }
    }
    assertEquals(List.of("shows no valid ticket", "does not speak this protocol"), refused);
    members.get(0).send(1, ByteBuffer.wrap(new byte[] {1}));
    members.get(1).receive(0, ByteBuffer.allocate(1));
  }

  @Test
  void aMemberThatDoesNotComeIsNamed() throws Exception {
    List<PeerStreams> members = members(2, SETTINGS);
    PeerStreams.Plan plan = new PeerStreams.Plan(Ticket.fresh(), addresses(members));
    TransferException late =
        assertThrows(
            TransferException.class, () -> members.get(0).join(plan, 0, Duration.ofMillis(300)));
    assertEquals("member 1 did not come within 0 s", late.getMessage());
  }

  /** Stands before a member: after some bytes it changes one, or passes on nothing any more. */
  private static final class Proxy implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 50, Node.loopback(0).getAddress());
    private final InetSocketAddress target;
    private final long after;
    private final boolean damages;

    Proxy(InetSocketAddress target, long after, boolean damages) throws IOException {
      this.target = target;
      this.after = after;
      this.damages = damages;
      Thread.ofVirtual().start(this::accept);
    }

    InetSocketAddress address() {
      return Node.loopback(socket.getLocalPort());
    }

    private void accept() {
      try {
        Socket client = socket.accept();
        Socket server = new Socket(target.getAddress(), target.getPort());
        Thread.ofVirtual().start(() -> copy(server, client, false));
        copy(client, server, true);
      } catch (IOException e) {
        return; // the test is over
      }
    }

    private void copy(Socket from, Socket to, boolean meddles) {
      byte[] buffer = new byte[1 << 12];
      long copied = 0;
      boolean done = false;
      try (from;
          to) {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          copied += read;
          if (meddles && copied > after && damages && !done) {
            buffer[read - 1] ^= 1;
            done = true;
          }
          if (!meddles || damages || copied <= after) {
            out.write(buffer, 0, read);
          }
        }
      } catch (IOException e) {
        return; // one of the two ends is gone
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
