package krites.app.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import krites.app.run.DurableFiles;
import krites.grpo.flow.RoutePlan;
import krites.transfer.Carrier;
import krites.transfer.ContentReceiver;
import krites.transfer.ContentServer;
import krites.transfer.Manifest;
import krites.transfer.Shelf;
import krites.transfer.Ticket;
import krites.transfer.TransferException;
import krites.transfer.TransferListener;
import krites.transfer.TransferSettings;

/**
 * Weights of one size pushed over loopback, in turns with a plain copy of the same file by the
 * kernel: {@code transferTo} on one side, read and write on the other, nothing compared. All ends
 * share this process and its processors.
 */
final class PushBench {
  private static final Ticket RUN = Ticket.fresh();
  private static final String FILE = "model.safetensors";

  private final Path work;
  private final String size;
  private final Path content;
  private final long bytes;
  private final Pings pings;
  private final Findings findings;

  private record Node(Path folder, Shelf shelf, ContentServer server, ContentReceiver receiver) {}

  /** How a push is done. */
  private record Way(String name, int receivers, RoutePlan plan, boolean digests) {}

  /** Something that may fail. */
  private interface Deed {
    void run() throws IOException, InterruptedException, ExecutionException;
  }

  /**
   * @param work for the copies
   * @param size its name in the report
   * @param content a folder with one file
   */
  PushBench(Path work, String size, Path content, Pings pings, Findings findings)
      throws IOException {
    this.work = work;
    this.size = size;
    this.content = content;
    this.bytes = Files.size(content.resolve(FILE));
    this.pings = pings;
    this.findings = findings;
  }

  /**
   * One round of everything.
   *
   * @param receivers numbers of receivers, pushed to along a chain and each from the publisher
   */
  void round(List<Integer> receivers) throws IOException, InterruptedException, ExecutionException {
    double plain = timed("plain copy", 1, this::plainCopy);
    Ticket ticket = Ticket.fresh();
    Manifest light = manifest("seals of a publisher", ticket, false);
    for (int count : receivers) {
      double seconds =
          push(new Way(count + " in a chain", count, RoutePlan.CHAIN, false), light, ticket);
      findings.add(size, count + " in a chain", "of_plain_copy_share", count * plain / seconds);
      if (count > 1) {
        push(new Way(count + " from one", count, new RoutePlan(count), false), light, ticket);
      }
    }
    Ticket other = Ticket.fresh();
    Manifest heavy = manifest("with SHA-256", other, true);
    double seconds = push(new Way("1, SHA-256 too", 1, RoutePlan.CHAIN, true), heavy, other);
    findings.add(size, "1, SHA-256 too", "of_plain_copy_share", plain / seconds);
  }

  private Manifest manifest(String variant, Ticket ticket, boolean digests) throws IOException {
    long start = System.nanoTime();
    Manifest manifest = Manifest.ofFolder(content, ticket, digests);
    findings.add(
        size, variant, "read_bytes_per_second", bytes / ((System.nanoTime() - start) * 1e-9));
    return manifest;
  }

  private double push(Way way, Manifest manifest, Ticket ticket)
      throws IOException, InterruptedException, ExecutionException {
    List<Node> nodes = new ArrayList<>();
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      for (int i = 0; i <= way.receivers(); i++) {
        nodes.add(node(Files.createDirectories(work.resolve("node" + i)), way.digests()));
      }
      nodes.getFirst().shelf().put(content, manifest, ticket);
      List<InetSocketAddress> addresses = new ArrayList<>();
      for (Node node : nodes) {
        addresses.add(node.server().address());
      }
      List<InetSocketAddress> targets = addresses.subList(1, addresses.size());
      return timed(
          way.name(),
          way.receivers(),
          () -> {
            List<Future<Path>> all = new ArrayList<>();
            for (int i = 0; i < way.receivers(); i++) {
              var order =
                  new ContentReceiver.Order(
                      "v1",
                      manifest.digest(),
                      ticket,
                      way.plan().sources(addresses.getFirst(), targets, i));
              ContentReceiver receiver = nodes.get(i + 1).receiver();
              all.add(threads.submit(() -> receiver.fetch(order)));
            }
            for (Future<Path> one : all) {
              one.get();
            }
          });
    } finally {
      for (Node node : nodes) {
        node.server().close();
        node.shelf().close();
        DurableFiles.deleteTree(node.folder());
      }
    }
  }

  /** Time, processor time and the pings beside it. */
  private double timed(String variant, int copies, Deed deed)
      throws IOException, InterruptedException, ExecutionException {
    pings.begin();
    double processor = processorSeconds();
    long start = System.nanoTime();
    deed.run();
    double seconds = (System.nanoTime() - start) * 1e-9;
    double used = processorSeconds() - processor;
    findings.add(size, variant, "copied_bytes_per_second", copies * bytes / seconds);
    findings.add(size, variant, "processor_seconds", used);
    pings.end(findings, size, variant);
    return seconds;
  }

  private static double processorSeconds() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime() * 1e-9
        : 0;
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private static Node node(Path folder, boolean digests) throws IOException {
    Shelf shelf = new Shelf();
    TransferListener loud =
        new TransferListener() {
          @Override
          public void refused(String peer, String reason) {
            broken(peer, reason);
          }

          @Override
          public void broken(String peer, String reason) {
            System.getLogger(PushBench.class.getName())
                .log(System.Logger.Level.WARNING, peer + ": " + reason);
          }
        };
    TransferSettings settings = TransferSettings.DEFAULT.comparingDigests(digests);
    return new Node(
        folder,
        shelf,
        ContentServer.start(loopback(), RUN, shelf, settings, Carrier.PLAIN, loud),
        new ContentReceiver(folder, RUN, shelf, settings, Carrier.PLAIN, loud));
  }

  private void plainCopy() throws IOException, InterruptedException, ExecutionException {
    Path from = content.resolve(FILE);
    Path to = work.resolve("plain");
    try (ServerSocketChannel server = ServerSocketChannel.open().bind(loopback());
        ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<Long> sending =
          threads.submit(
              () -> {
                try (SocketChannel socket = server.accept();
                    FileChannel file = FileChannel.open(from)) {
                  long at = 0;
                  while (at < file.size()) {
                    at += file.transferTo(at, file.size() - at, socket);
                  }
                  return at;
                }
              });
      ByteBuffer buffer = ByteBuffer.allocateDirect(Manifest.CHUNK);
      try (SocketChannel socket = SocketChannel.open(server.getLocalAddress());
          FileChannel file =
              FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        while (socket.read(buffer.clear()) >= 0) {
          buffer.flip();
          while (buffer.hasRemaining()) {
            file.write(buffer);
          }
        }
      }
      if (sending.get() != bytes) {
        throw new TransferException("the plain copy sent " + sending.get() + " bytes");
      }
    } finally {
      Files.deleteIfExists(to);
    }
  }
}
