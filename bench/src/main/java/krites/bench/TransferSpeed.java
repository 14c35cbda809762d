package krites.bench;

import java.io.IOException;
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
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import krites.grpo.flow.RoutePlan;
import krites.transfer.Carrier;
import krites.transfer.ContentReceiver;
import krites.transfer.ContentServer;
import krites.transfer.Manifest;
import krites.transfer.Shelf;
import krites.transfer.Ticket;
import krites.transfer.TransferListener;
import krites.transfer.TransferSettings;

/**
 * Prints how fast a content goes over loopback, in turns with a plain copy of the same file by the
 * kernel ({@code transferTo} on one side, read and write on the other, no checksums), to one
 * receiver and to several in a chain and a star.
 *
 * <p>Arguments: a folder to work in (memory, if disks are not to be measured), MiB of the content,
 * rounds, receivers.
 */
final class TransferSpeed {
  private TransferSpeed() {}

  private static final Ticket RUN = Ticket.fresh();
  private static final Ticket TICKET = Ticket.fresh();

  private record Node(Shelf shelf, ContentServer server, ContentReceiver receiver) {}

  public static void main(String[] arguments) throws Exception {
    Path work = Files.createTempDirectory(Path.of(arguments[0]), "transfer-speed");
    long bytes = Long.parseLong(arguments[1]) << 20;
    int rounds = Integer.parseInt(arguments[2]);
    int receivers = Integer.parseInt(arguments[3]);
    try {
      Path content = Files.createDirectory(work.resolve("content"));
      Path file = content.resolve("model.safetensors");
      fill(file, bytes);
      long start = System.nanoTime();
      Manifest manifest = Manifest.ofFolder(content, TICKET, true);
      print("manifest (seals and SHA-256)", bytes, new double[] {seconds(start)});
      double[] plain = new double[rounds];
      double[] ours = new double[rounds];
      double[] light = new double[rounds];
      for (int round = 0; round < rounds; round++) {
        plain[round] = plainCopy(file, work.resolve("plain"));
        ours[round] = push(work, content, manifest, 1, RoutePlan.CHAIN, true);
        light[round] = push(work, content, manifest, 1, RoutePlan.CHAIN, false);
      }
      print("plain copy", bytes, plain);
      print("fetch, digests compared", bytes, ours);
      print("fetch, seals alone", bytes, light);
      System.out.printf(
          "share of the plain copy: %.2f, and %.2f%n",
          median(plain) / median(ours), median(plain) / median(light));
      if (receivers > 1) {
        RoutePlan star = new RoutePlan(receivers);
        double[] chain = new double[rounds];
        double[] direct = new double[rounds];
        for (int round = 0; round < rounds; round++) {
          chain[round] = push(work, content, manifest, receivers, RoutePlan.CHAIN, true);
          direct[round] = push(work, content, manifest, receivers, star, true);
        }
        print(receivers + " receivers in a chain", bytes * receivers, chain);
        print(receivers + " receivers from one", bytes * receivers, direct);
      }
    } finally {
      delete(work);
    }
  }

  private static void fill(Path file, long bytes) throws IOException {
    byte[] block = new byte[1 << 20];
    new Random(1).nextBytes(block);
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0; at < bytes; at += block.length) {
        block[(int) (at >> 20 & 0xFFFF)]++;
        out.write(ByteBuffer.wrap(block, 0, (int) Math.min(block.length, bytes - at)));
      }
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) * 1e-9;
  }

  private static double plainCopy(Path from, Path to) throws Exception {
    Files.deleteIfExists(to);
    try (ServerSocketChannel server = ServerSocketChannel.open().bind(loopback());
        ExecutorService threads = Executors.newSingleThreadExecutor()) {
      long start = System.nanoTime();
      Future<?> sending =
          threads.submit(
              () -> {
                try (SocketChannel socket = server.accept();
                    FileChannel file = FileChannel.open(from)) {
                  long at = 0;
                  while (at < file.size()) {
                    at += file.transferTo(at, file.size() - at, socket);
                  }
                }
                return null;
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
      sending.get();
      return seconds(start);
    } finally {
      Files.deleteIfExists(to);
    }
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private static double push(
      Path work, Path content, Manifest manifest, int receivers, RoutePlan plan, boolean digests)
      throws Exception {
    List<Node> nodes = new ArrayList<>();
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      for (int i = 0; i <= receivers; i++) {
        nodes.add(node(Files.createDirectory(work.resolve("node" + i)), digests));
      }
      nodes.getFirst().shelf().put(content, manifest, TICKET);
      List<InetSocketAddress> addresses = new ArrayList<>();
      for (Node node : nodes) {
        addresses.add(node.server().address());
      }
      List<InetSocketAddress> targets = addresses.subList(1, addresses.size());
      long start = System.nanoTime();
      List<Future<Path>> all = new ArrayList<>();
      for (int i = 0; i < receivers; i++) {
        List<InetSocketAddress> sources = plan.sources(addresses.getFirst(), targets, i);
        ContentReceiver receiver = nodes.get(i + 1).receiver();
        all.add(
            threads.submit(
                () ->
                    receiver.fetch(
                        new ContentReceiver.Order("v1", manifest.digest(), TICKET, sources))));
      }
      for (Future<Path> one : all) {
        one.get();
      }
      return seconds(start);
    } finally {
      for (int i = 0; i < nodes.size(); i++) {
        nodes.get(i).server().close();
        nodes.get(i).shelf().close();
        delete(work.resolve("node" + i));
      }
    }
  }

  private static Node node(Path folder, boolean digests) throws IOException {
    Shelf shelf = new Shelf();
    TransferListener loud =
        new TransferListener() {
          @Override
          public void refused(String peer, String reason) {
            System.out.println(peer + " was refused: it " + reason);
          }

          @Override
          public void broken(String peer, String reason) {
            System.out.println(peer + ": " + reason);
          }
        };
    TransferSettings settings = TransferSettings.DEFAULT.comparingDigests(digests);
    return new Node(
        shelf,
        ContentServer.start(loopback(), RUN, shelf, settings, Carrier.PLAIN, loud),
        new ContentReceiver(folder, RUN, shelf, settings, Carrier.PLAIN, loud));
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static void print(String what, long bytes, double[] seconds) {
    double least = Arrays.stream(seconds).min().orElseThrow();
    double most = Arrays.stream(seconds).max().orElseThrow();
    System.out.printf(
        "%-32s %6.3f s (%.3f to %.3f)  %5.2f GB/s%n",
        what, median(seconds), least, most, bytes / median(seconds) * 1e-9);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(path);
      }
    }
  }
}
