package krites.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A port that gives each connection a thread of its own. Beyond the number of connections that the
 * settings allow, one more is closed with one word to the listener.
 */
final class ServerPort implements AutoCloseable {
  private final ServerSocketChannel socket;
  private final TransferSettings settings;
  private final Carrier carrier;
  private final TransferListener listener;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();

  /** What is done with a connection, which is closed afterwards. */
  interface Conversation {
    void with(Link link) throws IOException, InterruptedException;
  }

  private ServerPort(
      ServerSocketChannel socket,
      TransferSettings settings,
      Carrier carrier,
      TransferListener listener) {
    this.socket = socket;
    this.settings = settings;
    this.carrier = carrier;
    this.listener = listener;
  }

  /**
   * Binds; nobody is answered before {@link #serve}.
   *
   * @param address port 0 takes any free one
   * @param deed what cannot be done when the address cannot be had, such as "listen on"
   */
  static ServerPort open(
      InetSocketAddress address,
      String deed,
      TransferSettings settings,
      Carrier carrier,
      TransferListener listener)
      throws IOException {
    ServerSocketChannel socket = ServerSocketChannel.open();
    try {
      socket.bind(address);
    } catch (IOException e) {
      socket.close();
      throw new TransferException("cannot " + deed + " " + address + ": " + e.getMessage(), e);
    }
    return new ServerPort(socket, settings, carrier, listener);
  }

  InetSocketAddress address() throws IOException {
    return (InetSocketAddress) socket.getLocalAddress();
  }

  /**
   * Takes connections from now on.
   *
   * @param name of the threads
   */
  void serve(String name, Conversation conversation) {
    daemon(name + "-accept", () -> accept(name, conversation));
  }

  static void daemon(String name, Runnable work) {
    Thread.ofPlatform().daemon().name(name).start(work);
  }

  private void accept(String name, Conversation conversation) {
    while (socket.isOpen()) {
      try {
        SocketChannel client = socket.accept();
        Link link = carrier.accepted(client, settings);
        if (links.size() < settings.maxClients()) {
          links.add(link);
          daemon(name, () -> hold(link, conversation));
        } else {
          listener.refused(link.peer(), WireFormat.Answer.BUSY.reason());
          link.close();
        }
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        listener.broken("a connection", "could not be accepted: " + e.getMessage());
      }
    }
  }

  private void hold(Link link, Conversation conversation) {
    try (link) {
      conversation.with(link);
    } catch (IOException e) {
      if (socket.isOpen()) {
        listener.broken(link.peer(), String.valueOf(e.getMessage()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      links.remove(link);
    }
  }

  /** Counts a connection made from here among those of this port, and closes it with them. */
  void adopt(Link link) {
    links.add(link);
  }

  void release(Link link) {
    links.remove(link);
  }

  /** Frees the port and closes all connections. */
  @Override
  public void close() throws IOException {
    try {
      socket.close();
    } finally {
      links.forEach(Link::close);
    }
  }
}
