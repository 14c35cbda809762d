package krites.transfer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A node of the tests: a shelf with a server on loopback, a receiver, and what they reported. */
final class Node implements TransferListener, AutoCloseable {
  static final Ticket RUN = Ticket.fresh();
  static final TransferSettings QUICK =
      new TransferSettings(2, Duration.ofMillis(500), Duration.ofMillis(400), 2, 16);

  final Shelf shelf = new Shelf();
  final ContentServer server;
  final ContentReceiver receiver;
  final List<String> refused = Collections.synchronizedList(new ArrayList<>());
  final List<String> broken = Collections.synchronizedList(new ArrayList<>());

  Node(Path folder) throws IOException {
    this(folder, QUICK);
  }

  Node(Path folder, TransferSettings settings) throws IOException {
    this(folder, settings, Carrier.PLAIN);
  }

  Node(Path folder, TransferSettings settings, Carrier carrier) throws IOException {
    server = ContentServer.start(loopback(0), RUN, shelf, settings, carrier, this);
    receiver = new ContentReceiver(folder, RUN, shelf, settings, carrier, this);
  }

  static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  InetSocketAddress address() throws IOException {
    return server.address();
  }

  @Override
  public void refused(String peer, String reason) {
    refused.add(reason);
  }

  @Override
  public void broken(String peer, String reason) {
    broken.add(reason);
  }

  @Override
  public void close() throws IOException {
    server.close();
    shelf.close();
  }
}
