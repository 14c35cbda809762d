package krites.transfer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicLong;

/** Stands before a server, counts the bytes that it sends, and cuts every connection after some. */
final class CuttingProxy implements AutoCloseable {
  private final ServerSocket socket = new ServerSocket(0, 50, Node.loopback(0).getAddress());
  private final InetSocketAddress target;
  private final long limit;
  private final boolean silent;
  final AtomicLong bytes = new AtomicLong();

  /**
   * @param limit bytes of one connection, before it is cut
   * @param silent nothing more is sent after the limit, and the connection stays
   */
  CuttingProxy(InetSocketAddress target, long limit, boolean silent) throws IOException {
    this.target = target;
    this.limit = limit;
    this.silent = silent;
    Thread.ofVirtual().start(this::accept);
  }

  InetSocketAddress address() {
    return Node.loopback(socket.getLocalPort());
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket client = socket.accept();
        Socket server = new Socket(target.getAddress(), target.getPort());
        Thread.ofVirtual().start(() -> copy(client, server, Long.MAX_VALUE));
        Thread.ofVirtual().start(() -> copy(server, client, limit));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void copy(Socket from, Socket to, long most) {
    byte[] buffer = new byte[1 << 16];
    long copied = 0;
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int read = in.read(buffer);
      while (read >= 0) {
        int now = (int) Math.min(read, most - copied);
        out.write(buffer, 0, now);
        copied += now;
        if (most < Long.MAX_VALUE) {
          bytes.addAndGet(now);
        }
        while (copied >= most && silent) {
          Thread.sleep(100);
        }
        if (copied >= most) {
          return;
        }
        read = in.read(buffer);
      }
    } catch (IOException | InterruptedException e) {
      return; // the other end is gone, which is what a cut is
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
