package krites.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * Serves the contents of a {@link Shelf} on one port, with a thread per connection.
 *
 * <p>What comes from the network is one request of fixed length; everything else is refused with
 * one word to the listener, and costs a thread for at most the patience of the settings.
 */
public final class ContentServer implements AutoCloseable {
  private final ServerPort port;
  private final Ticket run;
  private final Shelf shelf;
  private final TransferSettings settings;
  private final TransferListener listener;
  private final LongAdder bytesSent = new LongAdder();

  private ContentServer(
      ServerPort port,
      Ticket run,
      Shelf shelf,
      TransferSettings settings,
      TransferListener listener) {
    this.port = port;
    this.run = run;
    this.shelf = shelf;
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Binds and serves until it is closed.
   *
   * @param address port 0 takes any free one
   * @param run the secret of the run: clients of another run are refused
   */
  public static ContentServer start(
      InetSocketAddress address,
      Ticket run,
      Shelf shelf,
      TransferSettings settings,
      Carrier carrier,
      TransferListener listener)
      throws IOException {
    ServerPort port = ServerPort.open(address, "serve weights on", settings, carrier, listener);
    ContentServer server = new ContentServer(port, run, shelf, settings, listener);
    port.serve("transfer-serve", server::answer);
    return server;
  }

  /** Where it is bound. */
  public InetSocketAddress address() throws IOException {
    return port.address();
  }

  /** Bytes of contents sent since the start. */
  public long bytesSent() {
    return bytesSent.sum();
  }

  private void answer(Link link) throws IOException, InterruptedException {
    ByteBuffer bytes = ByteBuffer.allocate(WireFormat.Request.BYTES);
    try {
      link.receive(bytes);
    } catch (IOException e) {
      listener.refused(link.peer(), "made no request: " + e.getMessage());
      return;
    }
    Optional<WireFormat.Request> decoded = WireFormat.Request.decode(bytes.flip());
    if (decoded.isEmpty()) {
      listener.refused(link.peer(), "does not speak this protocol");
      return;
    }
    WireFormat.Request request = decoded.get();
    if (request.run().equals(run.shown())) {
      shelf.await(request.content(), settings.waitNotice());
    }
    Optional<Holding> holding = shelf.find(request.content(), request.ticket());
    WireFormat.Answer answer = judge(request, holding);
    link.send(WireFormat.code(answer));
    if (answer != WireFormat.Answer.ACCEPTED) {
      listener.refused(link.peer(), answer.reason());
    } else if (request.wantsManifest()) {
      byte[] manifest = holding.orElseThrow().manifest().encode();
      link.send(ByteBuffer.allocate(4).putInt(manifest.length).flip());
      link.send(ByteBuffer.wrap(manifest));
    } else {
      sendChunks(link, request, holding.orElseThrow());
    }
  }

  private WireFormat.Answer judge(WireFormat.Request request, Optional<Holding> holding) {
    if (request.protocol() != WireFormat.PROTOCOL) {
      return WireFormat.Answer.OTHER_PROTOCOL;
    }
    if (!request.run().equals(run.shown())) {
      return WireFormat.Answer.OTHER_RUN;
    }
    if (holding.isEmpty()) {
      return shelf.has(request.content())
          ? WireFormat.Answer.NO_RIGHT
          : WireFormat.Answer.UNKNOWN_CONTENT;
    }
    return request.wantsManifest() || exists(request, holding.get().manifest())
        ? WireFormat.Answer.ACCEPTED
        : WireFormat.Answer.MALFORMED;
  }

  private boolean exists(WireFormat.Request request, Manifest manifest) {
    if (request.file() < 0 || request.file() >= manifest.files().size()) {
      return false;
    }
    long last = request.first() + (request.count() - 1L) * request.stride();
    return request.first() >= 0
        && request.count() >= 1
        && request.stride() >= 1
        && last < manifest.files().get(request.file()).chunks();
  }

  private void sendChunks(Link link, WireFormat.Request request, Holding holding)
      throws IOException, InterruptedException {
    Manifest.Entry entry = holding.manifest().files().get(request.file());
    int chunk = request.first();
    int sent = 0;
    while (sent < request.count()) {
      switch (holding.await(request.file(), chunk, settings.waitNotice())) {
        case HERE -> {
          link.send(WireFormat.code(WireFormat.Frame.CHUNK));
          link.send(holding.file(request.file()), entry.start(chunk), entry.length(chunk));
          bytesSent.add(entry.length(chunk));
          chunk += request.stride();
          sent++;
        }
        case NOT_YET -> link.send(WireFormat.code(WireFormat.Frame.WAIT));
        case NEVER -> {
          link.send(WireFormat.code(WireFormat.Frame.LOST));
          return;
        }
      }
    }
    link.send(WireFormat.code(WireFormat.Frame.END));
  }

  /** Ends all transfers and frees the port. The shelf stays open. */
  @Override
  public void close() throws IOException {
    port.close();
  }
}
