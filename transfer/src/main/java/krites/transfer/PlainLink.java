package krites.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * A TCP connection without encryption; parts of files go to the socket inside the kernel.
 *
 * <p>The channel does not block: only so do reading, writing and {@code transferTo} all have
 * timeouts.
 */
final class PlainLink implements Link {
  private final SocketChannel socket;
  private final Selector selector;
  private final SelectionKey key;
  private final Duration patience;
  private final String peer;

  private PlainLink(SocketChannel socket, Duration patience, String peer) throws IOException {
    this.socket = socket;
    this.patience = patience;
    this.peer = peer;
    socket.configureBlocking(false);
    this.selector = Selector.open();
    this.key = socket.register(selector, 0);
  }

  /** Takes over a connection that was accepted. */
  static PlainLink accepted(SocketChannel socket, Duration patience) throws IOException {
    try {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      return new PlainLink(socket, patience, String.valueOf(socket.getRemoteAddress()));
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Connects. */
  static PlainLink connect(InetSocketAddress to, Duration timeout, Duration patience)
      throws IOException {
    SocketChannel socket = SocketChannel.open();
    try {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      socket.socket().connect(to, Math.toIntExact(timeout.toMillis()));
      return new PlainLink(socket, patience, to.getHostString() + ":" + to.getPort());
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private void await(int operation, String deed) throws IOException {
    int ready;
    try {
      key.interestOps(operation);
      selector.selectedKeys().clear();
      ready = selector.select(patience.toMillis());
    } catch (ClosedSelectorException | CancelledKeyException e) {
      throw new TransferException(peer + ": the connection was closed here", e);
    }
    if (ready == 0) {
      if (Thread.interrupted()) {
        throw new TransferException(peer + ": interrupted");
      }
      throw new TransferException(peer + " " + deed + " for " + patience.toMillis() + " ms");
    }
  }

  @Override
  public void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (socket.write(bytes) == 0) {
        await(SelectionKey.OP_WRITE, "took nothing");
      }
    }
  }

  @Override
  public void send(FileChannel file, long start, int length) throws IOException {
    long sent = 0;
    while (sent < length) {
      long now = file.transferTo(start + sent, length - sent, socket);
      if (now == 0) {
        if (start + sent >= file.size()) {
          throw new TransferException("a file lost its end while it was sent to " + peer);
        }
        await(SelectionKey.OP_WRITE, "took nothing");
      }
      sent += now;
    }
  }

  @Override
  public void receive(ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      receiveSome(target);
    }
  }

  /** Reads at least one byte into a buffer that has room. */
  void receiveSome(ByteBuffer target) throws IOException {
    int now = socket.read(target);
    while (now == 0) {
      await(SelectionKey.OP_READ, "sent nothing");
      now = socket.read(target);
    }
    if (now < 0) {
      throw new TransferException(peer + " closed the connection");
    }
  }

  @Override
  public String peer() {
    return peer;
  }

  @Override
  public void close() {
    try (selector;
        socket) {
      key.cancel();
    } catch (IOException e) {
      // Nothing is lost: all that was to be sent or received was, or the transfer failed before.
      System.getLogger(PlainLink.class.getName()).log(System.Logger.Level.DEBUG, peer, e);
    }
  }
}
