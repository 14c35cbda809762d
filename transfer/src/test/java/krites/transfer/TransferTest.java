package krites.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contents go from node to node on loopback, whatever dies meanwhile. */
@Timeout(60)
class TransferTest {
  private static final int CHUNK = Manifest.CHUNK;

  @TempDir Path temp;

  private final Ticket ticket = Ticket.fresh();

  private Path folder(String name) throws IOException {
    return Files.createDirectories(temp.resolve(name));
  }

  private Path content(long seed, long... sizes) throws IOException {
    Path folder = folder("content" + seed);
    Random random = new Random(seed);
    for (int i = 0; i < sizes.length; i++) {
      byte[] bytes = new byte[Math.toIntExact(sizes[i])];
      random.nextBytes(bytes);
      Files.write(folder.resolve("model-" + i + ".safetensors"), bytes);
    }
    return folder;
  }

  private ContentReceiver.Order order(Manifest manifest, InetSocketAddress... sources) {
    return new ContentReceiver.Order("v1", manifest.digest(), ticket, List.of(sources));
  }

  private static void assertSame(Path expected, Path actual) throws IOException {
    List<Path> names;
    try (var files = Files.list(expected)) {
      names = files.map(Path::getFileName).sorted().toList();
    }
    try (var files = Files.list(actual)) {
      assertEquals(names, files.map(Path::getFileName).sorted().toList());
    }
    for (Path name : names) {
      assertEquals(-1, Files.mismatch(expected.resolve(name), actual.resolve(name)), "" + name);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3L * CHUNK + 17})
  void everyByteArrivesWhateverTheLength(long bytes) throws Exception {
    Path content = content(bytes, bytes, 5, bytes / 2);
    Manifest manifest = Manifest.ofFolder(content, ticket, true);
    try (Node source = new Node(temp);
        Node target = new Node(folder("target"))) {
      source.shelf.put(content, manifest, ticket);
      Path got = target.receiver.fetch(order(manifest, source.address()));
      assertSame(content, got);
      assertEquals(List.of(), target.broken);
      assertFalse(Files.exists(temp.resolve("target/v1.part")));
    }
  }

  @Test
  void whatArrivedBeforeACutDoesNotComeAgain() throws Exception {
    Path content = content(1, 6L * CHUNK);
    Manifest manifest = Manifest.ofFolder(content, ticket, true);
    try (Node source = new Node(temp);
        CuttingProxy cut = new CuttingProxy(source.address(), 2L * CHUNK + 1000, false);
        Node target = new Node(folder("target"))) {
      source.shelf.put(content, manifest, ticket);
      assertSame(content, target.receiver.fetch(order(manifest, cut.address())));
      assertFalse(target.broken.isEmpty(), "nothing was cut");
      // Each cut loses less than a chunk, on either of two connections.
      long most = 6L * CHUNK + (target.broken.size() + 2L) * CHUNK;
      assertTrue(cut.bytes.get() < most, cut.bytes + " bytes for " + target.broken);
    }
  }

  @Test
  void aTransferThatWasGivenUpGoesOnWhereItWas() throws Exception {
    Path content = content(2, 8L * CHUNK);
    Manifest manifest = Manifest.ofFolder(content, ticket, true);
    try (Node source = new Node(temp);
        Node target = new Node(folder("target"))) {
      source.shelf.put(content, manifest, ticket);
      try (CuttingProxy dying = new CuttingProxy(source.address(), CHUNK / 2, false)) {
        Path half = folder("target/v1.part").resolve("model-0.safetensors");
        byte[] bytes = Files.readAllBytes(content.resolve("model-0.safetensors"));
        bytes[2 * CHUNK - 5] ^= 1; // of what a crash left, one chunk is damaged
        Files.write(half, Arrays.copyOf(bytes, 5 * CHUNK));
        assertThrows(
            TransferException.class, () -> target.receiver.fetch(order(manifest, dying.address())));
        assertFalse(target.shelf.has(manifest.digest()));
      }
      long before = source.server.bytesSent();
      assertSame(content, target.receiver.fetch(order(manifest, source.address())));
      assertEquals(4L * CHUNK, source.server.bytesSent() - before);
    }
  }

  @Test
  void whatIsThereAlreadyIsLookedAtAndOnlyWhatIsWrongComesAgain() throws Exception {
    Path content = content(8, 5L * CHUNK);
    Manifest manifest = Manifest.ofFolder(content, ticket, true);
    try (Node source = new Node(temp);
        Node target = new Node(folder("target"))) {
      source.shelf.put(content, manifest, ticket);
      Path got = target.receiver.fetch(order(manifest, source.address()));
      assertSame(content, target.receiver.fetch(order(manifest, source.address())));
      assertEquals(5L * CHUNK, source.server.bytesSent());
      Path file = got.resolve("model-0.safetensors");
      byte[] bytes = Files.readAllBytes(file);
      Arrays.fill(bytes, 2 * CHUNK, 3 * CHUNK, (byte) 0); // a page that never got to disk
      Files.write(file, bytes);
      assertSame(content, target.receiver.fetch(order(manifest, source.address())));
      assertEquals(6L * CHUNK, source.server.bytesSent());
    }
  }

  @Test
  void aSourceThatHangsOrDiesOrLiesIsLeftForTheNext() throws Exception {
    Path content = content(3, 5L * CHUNK + 3);
    Manifest manifest = Manifest.ofFolder(content, ticket, true);
    Path lie = folder("lie");
    byte[] bytes = Files.readAllBytes(content.resolve("model-0.safetensors"));
    bytes[3 * CHUNK] ^= 4;
    Files.write(lie.resolve("model-0.safetensors"), bytes);
    try (Node good = new Node(temp);
        Node liar = new Node(temp);
        CuttingProxy hung = new CuttingProxy(good.address(), 2L * CHUNK, true);
        Node target = new Node(folder("target"))) {
      good.shelf.put(content, manifest, ticket);
      liar.shelf.put(lie, manifest, ticket);
      InetSocketAddress nobody = Node.loopback(1);
      Path got =
          target.receiver.fetch(
              order(manifest, nobody, hung.address(), liar.address(), good.address()));
      assertSame(content, got);
      String broken = String.join("\n", target.broken);
      assertTrue(broken.contains("Connection refused"), broken);
      assertTrue(broken.contains("sent nothing for 400 ms"), broken);
      assertTrue(broken.contains("chunk 3 of model-0.safetensors damaged"), broken);
    }
  }

  /** A relay that was stopped: every version after would wait for it again, on each connection. */
  @Test
  void aSourceThatFailedAMomentAgoIsTriedLast() throws Exception {
    Path first = content(10, 4L * CHUNK);
    Path second = content(11, 4L * CHUNK);
    Manifest one = Manifest.ofFolder(first, ticket, true);
    Manifest two = Manifest.ofFolder(second, ticket, true);
    try (Node good = new Node(temp);
        CuttingProxy hung = new CuttingProxy(good.address(), 0, true);
        Node target = new Node(folder("target"))) {
      good.shelf.put(first, one, ticket);
      good.shelf.put(second, two, ticket);
      assertSame(first, target.receiver.fetch(order(one, hung.address(), good.address())));
      assertEquals(1, target.broken.size(), "asked once: " + target.broken);
      assertSame(second, target.receiver.fetch(order(two, hung.address(), good.address())));
      assertEquals(1, target.broken.size(), "not asked again: " + target.broken);
    }
  }

  @Test
  void aChainTakesEveryByteFromTheRootOnce() throws Exception {
    Path content = content(4, 9L * CHUNK);
    Manifest manifest = Manifest.ofFolder(content, ticket, true);
    try (Node root = new Node(temp);
        Node a = new Node(folder("a"));
        Node b = new Node(folder("b"));
        Node c = new Node(folder("c"));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      root.shelf.put(content, manifest, ticket);
      List<Future<Path>> all = new ArrayList<>();
      // The last begins first: each finds its parent before the parent itself has anything.
      all.add(threads.submit(() -> c.receiver.fetch(order(manifest, b.address()))));
      all.add(threads.submit(() -> b.receiver.fetch(order(manifest, a.address()))));
      all.add(threads.submit(() -> a.receiver.fetch(order(manifest, root.address()))));
      for (Future<Path> got : all) {
        assertSame(content, got.get());
      }
      assertEquals(9L * CHUNK, root.server.bytesSent());
      assertEquals(9L * CHUNK, a.server.bytesSent());
      assertEquals(9L * CHUNK, b.server.bytesSent());
    }
  }

  @Test
  void theChildrenOfADeadRelayGoOnElsewhereFromWhereTheyWere() throws Exception {
    Path content = content(5, 8L * CHUNK);
    Manifest manifest = Manifest.ofFolder(content, ticket, true);
    try (Node root = new Node(temp);
        Node relay = new Node(folder("relay"));
        Node child = new Node(folder("child"));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      root.shelf.put(content, manifest, ticket);
      // A relay that has half of the content and never gets the rest.
      ArrivingHolding half = new ArrivingHolding(folder("half"), manifest, ticket, true);
      byte[] bytes = Files.readAllBytes(content.resolve("model-0.safetensors"));
      for (int chunk = 0; chunk < 4; chunk++) {
        half.write(0, (long) chunk * CHUNK, ByteBuffer.wrap(bytes, chunk * CHUNK, CHUNK));
        half.arrived(0, chunk);
      }
      relay.shelf.put(manifest.digest(), half, ticket);
      Future<Path> got =
          threads.submit(
              () -> child.receiver.fetch(order(manifest, relay.address(), root.address())));
      while (relay.server.bytesSent() < 4L * CHUNK) {
        Thread.sleep(20);
      }
      Thread.sleep(600); // longer than the patience: waiting is not a failure
      assertEquals(List.of(), child.broken);
      relay.close();
      assertSame(content, got.get());
      assertEquals(4L * CHUNK, root.server.bytesSent());
    }
  }

  @Test
  void aContentWithAnotherDigestThanPromisedIsNotTaken() throws Exception {
    Path content = content(6, CHUNK + 9L);
    Manifest honest = Manifest.ofFolder(content, ticket, true);
    Manifest.Entry entry = honest.files().getFirst();
    Manifest forged =
        new Manifest(
            List.of(
                new Manifest.Entry(
                    entry.name(),
                    entry.bytes(),
                    entry.seals(),
                    List.of(entry.digests().getFirst(), Digest.ofBytes(new byte[] {1})))),
            true);
    try (Node source = new Node(temp);
        Node target = new Node(folder("target"))) {
      source.shelf.put(content, forged, ticket);
      TransferException refused =
          assertThrows(
              TransferException.class,
              () -> target.receiver.fetch(order(forged, source.address())));
      assertTrue(
          refused.getMessage().contains("sent chunk 1 of model-0.safetensors damaged"),
          refused.getMessage());
      assertFalse(Files.exists(temp.resolve("target/v1")));
    }
    // Who does not compare digests goes by the seals.
    try (Node source = new Node(temp);
        Node target = new Node(folder("trusting"), Node.QUICK.comparingDigests(false))) {
      source.shelf.put(content, forged, ticket);
      assertSame(content, target.receiver.fetch(order(forged, source.address())));
    }
  }

  @Test
  void anInterruptEndsATransferAndItsThreads() throws Exception {
    Path content = content(7, 4L * CHUNK);
    Manifest manifest = Manifest.ofFolder(content, ticket, true);
    try (Node source = new Node(temp);
        CuttingProxy hung = new CuttingProxy(source.address(), CHUNK, true);
        Node target =
            new Node(
                folder("target"),
                new TransferSettings(
                    2, Duration.ofSeconds(1), Duration.ofSeconds(50), 1, 4, true))) {
      source.shelf.put(content, manifest, ticket);
      Thread fetching =
          Thread.ofPlatform()
              .start(
                  () ->
                      assertThrows(
                          Exception.class,
                          () -> target.receiver.fetch(order(manifest, hung.address()))));
      Thread.sleep(300);
      fetching.interrupt();
      fetching.join(5_000);
      assertFalse(fetching.isAlive());
      assertFalse(
          Thread.getAllStackTraces().keySet().stream()
              .anyMatch(thread -> thread.getName().equals("transfer-fetch")));
    }
  }
}
