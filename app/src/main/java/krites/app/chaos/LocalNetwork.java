package krites.app.chaos;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import krites.app.InputError;
import krites.app.RunFailed;

/**
 * A network of this machine that can be cut or slowed. Each process listens at an inner address of
 * its own, is known to the others by an outer one, and calls them from its inner one; between the
 * two stands a relay that knows who calls whom. What passes a cut waits until the cut ends, as
 * packets that are sent again do; nothing is refused and nothing is lost. Who calls a process that
 * is away is refused, as by a host that has nobody at that port.
 *
 * <p>The addresses are of the loopback network 127.0.0.0/8, all of which Linux has. A caller whose
 * address is none of ours (a client, or a receiver of weights) is cut off from a process that is
 * cut off, but not told apart from other strangers. Thread safe.
 */
final class LocalNetwork implements AutoCloseable {
  /** Cluster, and two of the plane of weights. */
  private static final int PORTS = 3;

  private static final int TRIES = 20; // for three free ports in a row at each address

  /**
   * Below the ports that systems give to outgoing connections (32768 and above on Linux): one of
   * these would keep a process that comes again from listening.
   */
  private static final int LOWEST_PORT = 20_000;

  private static final int PORT_RANGE = 12_000;

  private static final int BUFFER_BYTES = 1 << 16; // what a pipe of the system takes at once

  private static final int CONNECT_MILLIS = 5_000;

  private final int port;
  private final Map<Integer, List<Door>> doors = new HashMap<>(); // by process
  private final Set<Socket> sockets = new HashSet<>();
  private final Set<Integer> cut = new HashSet<>();
  private final Map<Integer, Integer> lateMillis = new HashMap<>();
  private boolean closed;

  /** Where callers of a process are taken in, and the thread that does so. */
  private record Door(ServerSocket listener, Thread accepting) {}

  private LocalNetwork(int port) {
    this.port = port;
  }

  /**
   * Opens the relays of some processes.
   *
   * @throws InputError if this machine has no such addresses
   */
  static LocalNetwork open(int processes) {
    IOException last = new BindException("no port was free");
    RandomGenerator random = RandomGenerator.getDefault();
    for (int i = 0; i < TRIES; i++) {
      LocalNetwork network = new LocalNetwork(LOWEST_PORT + random.nextInt(PORT_RANGE));
      try {
        for (int process = 1; process <= processes; process++) {
          network.listen(process);
        }
        return network;
      } catch (IOException e) {
        network.close();
        last = e;
      }
    }
    throw new InputError(
        "cannot listen at the addresses "
            + outer(1)
            + " to "
            + outer(processes)
            + " ("
            + last.getMessage()
            + "); all of 127.0.0.0/8 has to be loopback, as on Linux",
        last);
  }

  /** Where the others find a process, from 1. */
  static String outer(int process) {
    return "127.0.1." + process;
  }

  /** Where a process listens, and where it calls from. */
  static String inner(int process) {
    return "127.0.2." + process;
  }

  /** The port of the cluster, of all processes; the next two are for weights. */
  int port() {
    return port;
  }

  /** Cuts a process off from all others, in both directions. */
  synchronized void cut(int process) {
    cut.add(process);
  }

  /** Makes each piece of what gets to a process or comes from it late; pieces have up to 64 KiB. */
  synchronized void delay(int process, int millis) {
    lateMillis.put(process, millis);
  }

  /**
   * Says whether a process is there.
   *
   * @throws RunFailed if its outer address has been taken meanwhile
   */
  void setPresent(int process, boolean present) throws InterruptedException {
    List<Door> closing;
    synchronized (this) {
      if (closed || present == doors.containsKey(process)) {
        return;
      }
      closing = doors.getOrDefault(process, List.of());
      doors.remove(process);
    }
    for (Door door : closing) {
      quietly(door.listener());
      door.accepting().join(); // until then the system still takes callers
    }
    try {
      if (present) {
        listen(process);
      }
    } catch (IOException e) {
      throw new RunFailed("cannot listen at " + outer(process) + " again: " + e.getMessage(), e);
    }
  }

  /** Ends a cut or a delay. */
  synchronized void heal(int process) {
    cut.remove(process);
    lateMillis.remove(process);
    notifyAll();
  }

  @Override
  public synchronized void close() {
    closed = true;
    doors.values().forEach(each -> each.forEach(door -> quietly(door.listener())));
    sockets.forEach(LocalNetwork::quietly);
    notifyAll();
  }

  private void listen(int process) throws IOException {
    for (int i = 0; i < PORTS; i++) {
      ServerSocket listener = new ServerSocket();
      listener.setReuseAddress(true);
      int at = port + i;
      Thread accepting =
          Thread.ofPlatform().daemon().unstarted(() -> accept(listener, process, at));
      synchronized (this) {
        doors.computeIfAbsent(process, _ -> new ArrayList<>()).add(new Door(listener, accepting));
      }
      listener.bind(new InetSocketAddress(InetAddress.ofLiteral(outer(process)), at));
      accepting.start();
    }
  }

  private void accept(ServerSocket listener, int process, int at) {
    while (!listener.isClosed()) {
      try {
        Socket caller = listener.accept();
        keep(caller);
        Thread.ofVirtual().start(() -> relay(caller, process, at));
      } catch (IOException e) {
        return; // it was closed
      }
    }
  }

  private void relay(Socket caller, int process, int at) {
    int from = processOf(caller.getInetAddress());
    Socket callee = new Socket();
    keep(callee);
    try (caller;
        callee) {
      awaitPassage(from, process);
      callee.connect(
          new InetSocketAddress(InetAddress.ofLiteral(inner(process)), at), CONNECT_MILLIS);
      callee.setTcpNoDelay(true);
      caller.setTcpNoDelay(true);
      Thread back = Thread.ofVirtual().start(() -> pump(callee, caller, from, process));
      pump(caller, callee, from, process);
      back.join();
    } catch (IOException e) {
      // One of both has ended; the other sees its connection end.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      forget(caller, callee);
    }
  }

  /** Copies until one side ends. */
  private void pump(Socket source, Socket sink, int from, int to) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      InputStream in = source.getInputStream();
      OutputStream out = sink.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        awaitPassage(from, to);
        out.write(buffer, 0, count);
      }
      awaitPassage(from, to);
      sink.shutdownOutput();
    } catch (IOException e) {
      quietly(source);
      quietly(sink);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitPassage(int from, int to) throws InterruptedException {
    int late = awaitConnection(from, to);
    if (late > 0) {
      Thread.sleep(late);
    }
  }

  /**
   * Waits until no cut is between two processes; returns by how many milliseconds they are late.
   */
  private synchronized int awaitConnection(int from, int to) throws InterruptedException {
    while (!closed && (cut.contains(from) || cut.contains(to))) {
      wait();
    }
    return Math.max(lateMillis.getOrDefault(from, 0), lateMillis.getOrDefault(to, 0));
  }

  /** The process that calls from an address; 0 for a stranger. */
  private static int processOf(InetAddress address) {
    String text = address.getHostAddress();
    String network = inner(0).substring(0, inner(0).length() - 1);
    return text.startsWith(network) ? Integer.parseInt(text.substring(network.length())) : 0;
  }

  private synchronized void keep(Socket socket) {
    sockets.add(socket);
    if (closed) {
      quietly(socket);
    }
  }

  private synchronized void forget(Socket one, Socket other) {
    sockets.remove(one);
    sockets.remove(other);
  }

  private static void quietly(Closeable socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // There is nothing left to do with it.
    }
  }
}
