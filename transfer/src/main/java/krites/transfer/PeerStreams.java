package krites.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Streams of bytes between the members of a small circle: one connection from each to every other,
 * for as long as the circle lasts.
 *
 * <p>Bytes travel in chunks of at most {@link #CHUNK}, each under a {@link Seal} that also fixes
 * its place in its stream. A sender that has nothing to send says so four times within the patience
 * of its peer, on a thread of its own: a peer that only computes for long is not taken for dead,
 * one whose process or host stands still is. Whatever goes wrong with a peer ends the streams from
 * and to it, with one reason, for whoever waits for them.
 *
 * <p>Strangers, another run and members of an older circle are refused: each circle has a ticket of
 * its own.
 */
public final class PeerStreams implements AutoCloseable {
  /** Bytes of one chunk, at most. */
  static final int CHUNK = 1 << 20;

  private static final int WAITING_BYTES =
      32 << 20; // of one stream at one end; a training batch has room in it

  private static final int MAGIC = 0x4B525053; // KRPS
  private static final short PROTOCOL = 1;
  private static final int HELLO = 4 + 2 + 2 * Ticket.BYTES + 2 * 4;
  private static final byte DATA = 1;
  private static final byte BEAT = 2;

  /** A member takes nothing for so long, though it lives: it waits for a third, and so would we. */
  private static final Duration TAKING = Duration.ofSeconds(60);

  private final ServerPort port;
  private final Ticket run;
  private final TransferSettings settings;
  private final Carrier carrier;
  private final TransferListener listener;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile @Nullable Circle circle;
  private boolean closed;

  /**
   * What a circle is made of, the same at all of its members.
   *
   * @param ticket of this circle and no other
   * @param addresses of the members, in their order
   */
  public record Plan(Ticket ticket, List<InetSocketAddress> addresses) {
    public Plan {
      addresses = List.copyOf(addresses);
      if (addresses.size() < 2) {
        throw new IllegalArgumentException(addresses.size() + " members");
      }
    }
  }

  private PeerStreams(
      ServerPort port,
      Ticket run,
      TransferSettings settings,
      Carrier carrier,
      TransferListener listener) {
    this.port = port;
    this.run = run;
    this.settings = settings;
    this.carrier = carrier;
    this.listener = listener;
  }

  /**
   * Listens for the other members, who may call before this one knows of a circle.
   *
   * @param address port 0 takes any free one
   * @param run the secret of the run
   */
  public static PeerStreams open(
      InetSocketAddress address,
      Ticket run,
      TransferSettings settings,
      Carrier carrier,
      TransferListener listener)
      throws IOException {
    ServerPort port = ServerPort.open(address, "listen on", settings, carrier, listener);
    PeerStreams streams = new PeerStreams(port, run, settings, carrier, listener);
    port.serve("peer-receive", streams::answer);
    return streams;
  }

  /** Where it listens. */
  public InetSocketAddress address() throws IOException {
    return port.address();
  }

  // --- the circle
  // ----------------------------------------------------------------------------------------------------

  /** Who belongs to it, this member's place, and its streams. */
  private final class Circle {
    private final Plan plan;
    private final int rank;
    private final List<Peer> peers = new ArrayList<>(); // by rank; that of this one is not used

    Circle(Plan plan, int rank) {
      this.plan = plan;
      this.rank = rank;
      for (int i = 0; i < plan.addresses().size(); i++) {
        peers.add(new Peer(i));
      }
    }
  }

  /** Another member. */
  private static final class Peer {
    private final int rank;
    private final Deque<byte[]> outgoing = new ArrayDeque<>();
    private final Deque<ByteBuffer> incoming = new ArrayDeque<>();
    private int outgoingBytes;
    private int incomingBytes;
    private boolean called; // it took our call
    private boolean calling; // its call came
    private @Nullable Link from;
    private @Nullable Link to;
    private @Nullable String lost; // why

    Peer(int rank) {
      this.rank = rank;
    }
  }

  /**
   * Joins a circle, once: calls all others and waits for their calls.
   *
   * @param rank place of this member in the plan
   * @param within how long it may take
   * @throws TransferException if a member does not come, naming it
   */
  public void join(Plan plan, int rank, Duration within) throws IOException, InterruptedException {
    Circle joined = new Circle(plan, rank);
    lock.lock();
    try {
      if (circle != null || closed) {
        throw new IllegalStateException("a circle can be joined once");
      }
      circle = joined;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    for (Peer peer : joined.peers) {
      if (peer.rank != rank) {
        ServerPort.daemon("peer-send-" + peer.rank, () -> call(joined, peer, within));
      }
    }
    awaitAll(joined, within);
  }

  private void awaitAll(Circle joined, Duration within)
      throws TransferException, InterruptedException {
    lock.lock();
    try {
      long left = within.toNanos();
      for (Peer peer : joined.peers) {
        while (peer.rank != joined.rank && !(peer.called && peer.calling)) {
          requireLive(peer);
          if (left <= 0) {
            throw new TransferException(
                "member " + peer.rank + " did not come within " + within.toSeconds() + " s");
          }
          left = changed.awaitNanos(left);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void requireLive(Peer peer) throws TransferException {
    if (peer.lost != null) {
      throw new TransferException("member " + peer.rank + ": " + peer.lost);
    }
    if (closed) {
      throw new TransferException("closed here");
    }
  }

  /** The first reason stays; whoever waits is woken. */
  private void lose(Peer peer, String reason) {
    lock.lock();
    try {
      if (peer.lost == null) {
        peer.lost = reason;
      }
      if (peer.from != null) {
        peer.from.close();
      }
      if (peer.to != null) {
        peer.to.close();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // --- sending
  // -------------------------------------------------------------------------------------------------------

  /**
   * Sends to another member; returns when the bytes were taken over.
   *
   * @throws TransferException if the member is lost
   */
  public void send(int to, ByteBuffer bytes) throws IOException, InterruptedException {
    Peer peer = peer(to);
    while (bytes.hasRemaining()) {
      byte[] chunk = new byte[Math.min(CHUNK, bytes.remaining())];
      bytes.get(chunk);
      lock.lock();
      try {
        requireLive(peer);
        while (peer.outgoingBytes + chunk.length > WAITING_BYTES) {
          changed.await();
          requireLive(peer);
        }
        peer.outgoing.add(chunk);
        peer.outgoingBytes += chunk.length;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private Peer peer(int rank) {
    Circle now = circle;
    if (now == null || rank == now.rank) {
      throw new IllegalArgumentException("no member " + rank);
    }
    return now.peers.get(rank);
  }

  /** Calls a member and sends it what there is until the end. */
  private void call(Circle joined, Peer peer, Duration within) {
    TransferSettings patient = settings.waiting(within.compareTo(TAKING) > 0 ? within : TAKING);
    try (Link link = carrier.connect(joined.plan.addresses().get(peer.rank), patient)) {
      port.adopt(link);
      lock.lock();
      try {
        peer.to = link;
        requireLive(peer);
      } finally {
        lock.unlock();
      }
      link.send(hello(joined, peer));
      ByteBuffer answer = ByteBuffer.allocate(1);
      link.receive(answer);
      WireFormat.Answer said = WireFormat.answer(answer.flip().get(), link.peer());
      if (said != WireFormat.Answer.ACCEPTED) {
        throw new TransferException(link.peer() + " refused: this member " + said.reason());
      }
      lock.lock();
      try {
        peer.called = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
      sendAll(joined, peer, link);
    } catch (IOException e) {
      lose(peer, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      lose(peer, "interrupted");
    } finally {
      forget(peer);
    }
  }

  private void forget(Peer peer) {
    lock.lock();
    try {
      if (peer.to != null) {
        port.release(peer.to);
      }
    } finally {
      lock.unlock();
    }
  }

  private ByteBuffer hello(Circle joined, Peer peer) {
    ByteBuffer bytes = ByteBuffer.allocate(HELLO);
    bytes.putInt(MAGIC).putShort(PROTOCOL);
    run.shown().write(bytes);
    joined.plan.ticket().shown().write(bytes);
    return bytes.putInt(joined.rank).putInt(peer.rank).flip();
  }

  private void sendAll(Circle joined, Peer peer, Link link)
      throws IOException, InterruptedException {
    byte[] key = joined.plan.ticket().sealKey();
    int stream = stream(joined.rank, peer.rank);
    ByteBuffer head = ByteBuffer.allocate(1 + 4 + Seal.BYTES);
    for (long count = 0; ; ) {
      Optional<byte[]> chunk = next(peer);
      if (chunk.isEmpty()) {
        link.send(ByteBuffer.wrap(new byte[] {BEAT}));
        continue;
      }
      byte[] bytes = chunk.get();
      head.clear().put(DATA).putInt(bytes.length);
      seal(key, stream, count++, bytes).write(head);
      link.send(head.flip());
      link.send(ByteBuffer.wrap(bytes));
    }
  }

  private Optional<byte[]> next(Peer peer) throws IOException, InterruptedException {
    lock.lock();
    try {
      long left = settings.waitNotice().toNanos();
      while (peer.outgoing.isEmpty()) {
        requireLive(peer);
        if (left <= 0) {
          return Optional.empty();
        }
        left = changed.awaitNanos(left);
      }
      byte[] chunk = peer.outgoing.remove();
      peer.outgoingBytes -= chunk.length;
      changed.signalAll();
      return Optional.of(chunk);
    } finally {
      lock.unlock();
    }
  }

  private static int stream(int from, int to) {
    return from << 16 | to;
  }

  private static Seal seal(byte[] key, int stream, long count, byte[] bytes) {
    Seal.Maker maker = new Seal.Maker(key, stream, count);
    maker.update(bytes, bytes.length);
    return maker.make();
  }

  // --- receiving
  // -----------------------------------------------------------------------------------------------------

  /**
   * Waits until another member has sent something that was not received yet; whether it has.
   *
   * @throws TransferException if it has not, and is lost
   */
  public boolean await(int from, Duration atMost) throws IOException, InterruptedException {
    Peer peer = peer(from);
    lock.lock();
    try {
      long left = atMost.toNanos();
      while (peer.incoming.isEmpty()) {
        requireLive(peer);
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Fills a buffer up to its limit.
   *
   * @throws TransferException if the member is lost before
   */
  public void receive(int from, ByteBuffer target) throws IOException, InterruptedException {
    Peer peer = peer(from);
    while (target.hasRemaining()) {
      lock.lock();
      try {
        while (peer.incoming.isEmpty()) {
          requireLive(peer);
          changed.await();
        }
        ByteBuffer first = peer.incoming.peek();
        int count = Math.min(first.remaining(), target.remaining());
        target.put(target.position(), first, first.position(), count);
        target.position(target.position() + count);
        first.position(first.position() + count);
        if (!first.hasRemaining()) {
          peer.incoming.remove();
          peer.incomingBytes -= first.capacity();
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private void answer(Link link) throws InterruptedException {
    ByteBuffer hello = ByteBuffer.allocate(HELLO);
    try {
      link.receive(hello);
    } catch (IOException e) {
      listener.refused(link.peer(), "made no call: " + e.getMessage());
      return;
    }
    hello.flip();
    if (hello.getInt() == MAGIC) {
      judge(hello, link);
    } else {
      listener.refused(link.peer(), "does not speak this protocol");
    }
  }

  /** Takes the call of a member, or refuses that of a stranger. */
  private void judge(ByteBuffer hello, Link link) throws InterruptedException {
    short protocol = hello.getShort();
    Ticket shownRun = Ticket.read(hello);
    Ticket shownCircle = Ticket.read(hello);
    int from = hello.getInt();
    int to = hello.getInt();
    if (protocol != PROTOCOL) {
      refuse(link, WireFormat.Answer.OTHER_PROTOCOL);
    } else if (!shownRun.equals(run.shown())) {
      refuse(link, WireFormat.Answer.OTHER_RUN);
    } else {
      Optional<Peer> peer = expected(shownCircle, from, to, link);
      if (peer.isEmpty()) {
        refuse(link, WireFormat.Answer.NO_RIGHT);
      } else {
        take(peer.get(), link);
      }
    }
  }

  private void refuse(Link link, WireFormat.Answer answer) {
    listener.refused(link.peer(), answer.reason());
    try {
      link.send(WireFormat.code(answer));
    } catch (IOException e) {
      listener.broken(link.peer(), String.valueOf(e.getMessage())); // it does not hear why
    }
  }

  /** The member that calls, once this one has joined; each may call once. */
  private Optional<Peer> expected(Ticket shown, int from, int to, Link link)
      throws InterruptedException {
    lock.lock();
    try {
      long left = TAKING.toNanos();
      while (circle == null && !closed && left > 0) {
        left = changed.awaitNanos(left);
      }
      Circle now = circle;
      if (now == null
          || closed
          || !shown.equals(now.plan.ticket().shown())
          || to != now.rank
          || from == now.rank
          || from < 0
          || from >= now.peers.size()
          || now.peers.get(from).calling) {
        return Optional.empty();
      }
      Peer peer = now.peers.get(from);
      peer.from = link;
      peer.calling = true;
      changed.signalAll();
      return Optional.of(peer);
    } finally {
      lock.unlock();
    }
  }

  /** Receives from a member until one of the two is gone. */
  private void take(Peer peer, Link link) throws InterruptedException {
    Circle now = circle;
    if (now == null) {
      return;
    }
    byte[] key = now.plan.ticket().sealKey();
    int stream = stream(peer.rank, now.rank);
    try {
      link.send(WireFormat.code(WireFormat.Answer.ACCEPTED));
      ByteBuffer kind = ByteBuffer.allocate(1);
      for (long count = 0; ; ) {
        link.receive(kind.clear());
        switch (kind.flip().get()) {
          case BEAT -> {}
          case DATA -> take(peer, chunk(link, key, stream, count++));
          default -> throw new TransferException(link.peer() + " says what means nothing");
        }
      }
    } catch (IOException e) {
      lose(peer, String.valueOf(e.getMessage()));
    }
  }

  private static ByteBuffer chunk(Link link, byte[] key, int stream, long count)
      throws IOException {
    ByteBuffer head = ByteBuffer.allocate(4 + Seal.BYTES);
    link.receive(head);
    int length = head.flip().getInt();
    if (length < 1 || length > CHUNK) {
      throw new TransferException(link.peer() + " sends a chunk of " + length + " bytes");
    }
    Seal seal = Seal.read(head);
    byte[] bytes = new byte[length];
    link.receive(ByteBuffer.wrap(bytes));
    if (!seal(key, stream, count, bytes).equals(seal)) {
      throw new TransferException(link.peer() + " sends a damaged chunk");
    }
    return ByteBuffer.wrap(bytes);
  }

  private void take(Peer peer, ByteBuffer chunk) throws IOException, InterruptedException {
    lock.lock();
    try {
      while (peer.incomingBytes + chunk.capacity() > WAITING_BYTES) {
        requireLive(peer);
        changed.await();
      }
      peer.incoming.add(chunk);
      peer.incomingBytes += chunk.capacity();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends all streams and frees the port: the others are told by the end of their connections. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      port.close();
    } catch (IOException e) {
      listener.broken("the port", "could not be closed: " + e.getMessage());
    }
  }
}
