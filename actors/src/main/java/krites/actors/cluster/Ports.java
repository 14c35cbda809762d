package krites.actors.cluster;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.function.Consumer;
import org.apache.pekko.actor.Address;

/**
 * Looks whether anybody listens at the port of a node. A host that is there and has nobody at the
 * port refuses a connection at once; one that is away, or cut off, says nothing.
 */
final class Ports {
  private static final int WITHIN_MILLIS = 1_000;

  private Ports() {}

  /**
   * Tries to connect, on a thread of its own, and sends nothing.
   *
   * @param told whether the connection was refused; false too when nobody answers
   */
  static void look(Address node, Consumer<Boolean> told) {
    String host = node.getHost().orElseThrow();
    int port = node.getPort().orElseThrow();
    Thread.ofVirtual().name("krites-port-" + port).start(() -> told.accept(isRefused(host, port)));
  }

  private static boolean isRefused(String host, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), WITHIN_MILLIS);
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
