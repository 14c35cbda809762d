package krites.app.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import krites.actors.Orchestrator;
import krites.actors.ParameterServer;
import krites.actors.RolloutWorker;
import krites.actors.WeightHolder;
import krites.actors.WeightSource;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightTransport;
import krites.grpo.port.WeightVerifier;
import krites.model.qwen25vl.Precision;
import krites.model.safetensors.FileDigest;
import krites.model.weights.WeightStore;
import krites.transfer.Carrier;
import krites.transfer.Ticket;
import krites.transfer.TransferSettings;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Weights on their way from a parameter server to nodes of their own: an actor system each, that
 * know each other over Artery alone, and the bulk plane on loopback.
 */
@Timeout(120)
final class WeightPathTest {
  private static final String FILE = "model.safetensors";
  private static final Path SHIPPED = Path.of("..", "models", "shapes-base", FILE);
  private static final Ticket RUN = Ticket.fresh();

  /** Patient, since the machine may be busy; a dead source is known by its closed connection. */
  private static final TransferSettings PATIENT =
      new TransferSettings(2, Duration.ofSeconds(1), Duration.ofSeconds(3), 2, 16, false);

  private static final Config CONFIG =
      ConfigFactory.parseString(
              """
              pekko.actor.provider = remote
              pekko.remote.artery.transport = tcp
              pekko.remote.artery.canonical.hostname = "127.0.0.1"
              pekko.remote.artery.canonical.port = 0
              pekko.remote.use-unsafe-remote-features-outside-cluster = on
              pekko.remote.warn-unsafe-watch-outside-cluster = off
              pekko.loglevel = ERROR
              """)
          .withFallback(ConfigFactory.parseResources("krites-actors.conf"))
          .withFallback(ConfigFactory.defaultReference())
          .resolve();

  @TempDir private Path temp;

  private final List<ActorSystem<?>> systems = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void stop() throws Exception {
    for (ActorSystem<?> system : systems) {
      system.terminate();
    }
    for (ActorSystem<?> system : systems) {
      system.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
  }

  private BulkWeights bulk(Path folder, WeightStore store, boolean deltas) {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return BulkWeights.open(
        folder,
        folder.resolveSibling(folder.getFileName() + "-scratch"),
        new BulkSettings(any, "127.0.0.1", RUN, Carrier.PLAIN, PATIENT, deltas),
        update -> store.accept(update.location(), update.digest()));
  }

  /** The parameter server, and what a learner writes beside it. */
  private final class Server {
    final Path folder;
    final WeightStore store;
    final BulkWeights bulk;
    final ActorSystem<ParameterServer.Command> system;
    private final ActorSystem<Orchestrator.Command> orchestrator =
        ActorSystem.create(Behaviors.ignore(), "orchestrator", CONFIG);

    Server(String name, boolean deltas) {
      folder = temp.resolve(name);
      store = new WeightStore(folder, Precision.F32);
      bulk = bulk(folder, store, deltas);
      WeightVerifier verifier =
          new WeightVerifier() {
            @Override
            public void verify(WeightUpdate update) {
              store.verify(update.location(), update.digest());
            }

            @Override
            public void retire(WeightUpdate update) {
              store.retire(update.location());
            }
          };
      system =
          ActorSystem.create(
              ParameterServer.create(verifier, () -> Optional.<WeightTransport>of(bulk)),
              name,
              CONFIG);
      systems.add(system);
      systems.add(orchestrator);
    }

    WeightUpdate publish(long term, long number, byte[] bytes) throws IOException {
      String name = "v%06d-t%d".formatted(number, term);
      Path file = Files.createDirectories(folder.resolve(name)).resolve(FILE);
      Files.write(file, bytes);
      var update = new WeightUpdate(new PolicyVersion(term, number), name, FileDigest.sha256(file));
      system.tell(new ParameterServer.Publish(update, orchestrator));
      return update;
    }

    byte[] bytes(WeightUpdate update) throws IOException {
      return Files.readAllBytes(folder.resolve(update.location()).resolve(FILE));
    }
  }

  /** A node with workers, which are played by the test. */
  private final class Node {
    final Path folder;
    final WeightStore store;
    final BulkWeights bulk;
    final ActorSystem<WeightHolder.Command> system;
    final WeightSource source;

    Node(String name, Server server) {
      folder = temp.resolve(name);
      store = new WeightStore(folder, Precision.F32);
      bulk = bulk(folder, store, false);
      system =
          ActorSystem.create(
              Behaviors.setup(
                  context -> {
                    ActorRef<ParameterServer.Command> remote =
                        ActorRefResolver.get(context.getSystem()).resolveActorRef(address(server));
                    return WeightHolder.create(name, () -> bulk, remote);
                  }),
              name,
              CONFIG);
      source = WeightHolder.source(system, RolloutWorker.Duty.TRAINING, system.scheduler());
      systems.add(system);
    }

    void follow(Server server) {
      system.tell(
          new WeightHolder.Follow(ActorRefResolver.get(system).resolveActorRef(address(server))));
    }

    /** As a worker takes a version over. */
    byte[] take(WeightUpdate update) throws Exception {
      WeightUpdate here = source.fetch(update).toCompletableFuture().get(60, TimeUnit.SECONDS);
      store.verify(here.location(), here.digest());
      assertEquals(update.version(), here.version());
      return Files.readAllBytes(folder.resolve(here.location()).resolve(FILE));
    }
  }

  private static String address(Server server) {
    return ActorRefResolver.get(server.system).toSerializationFormat(server.system);
  }

  private static byte[] changed(byte[] bytes, int words, long seed) {
    byte[] next = bytes.clone();
    Random random = new Random(seed);
    for (int i = 0; i < words; i++) {
      next[2 * random.nextInt(next.length / 2)] ^= 1; // a unit in the last place of a word
    }
    return next;
  }

  @Test
  void everyNodeHasEveryVersionAndOnlyWhatChangedTravels() throws Exception {
    byte[] first = Files.readAllBytes(SHIPPED);
    byte[] second = changed(first, 5_000, 1);
    Server server = new Server("params", true);
    List<Node> nodes = List.of(new Node("a", server), new Node("b", server), new Node("c", server));
    WeightUpdate one = server.publish(0, 1, first);
    for (Node node : nodes) {
      assertEquals(-1, Arrays.mismatch(first, node.take(one)));
    }
    long before = sent(server, nodes);
    WeightUpdate two = server.publish(0, 2, second);
    for (Node node : nodes) {
      assertEquals(-1, Arrays.mismatch(second, node.take(two)));
    }
    long sent = sent(server, nodes) - before;
    assertTrue(sent < first.length / 4, sent + " bytes for three small changes");
    // Two versions stay: a slow worker still finds the one that it was offered.
    assertEquals(-1, Arrays.mismatch(first, nodes.getFirst().take(one)));
  }

  private static long sent(Server server, List<Node> nodes) {
    return server.bulk.bytesSent() + nodes.stream().mapToLong(node -> node.bulk.bytesSent()).sum();
  }

  @Test
  void aNodeWithADamagedCopyIsNotBelieved() throws Exception {
    byte[] bytes = Files.readAllBytes(SHIPPED);
    Server server = new Server("params", false);
    Node liar = new Node("a", server);
    WeightUpdate update = server.publish(0, 1, bytes);
    liar.take(update);
    try (var file =
        new RandomAccessFile(liar.folder.resolve(update.location()).resolve(FILE).toFile(), "rw")) {
      file.seek(bytes.length / 2);
      file.write(bytes[bytes.length / 2] ^ 8);
    }
    Node late = new Node("b", server); // is sent to the liar first
    assertEquals(-1, Arrays.mismatch(bytes, late.take(update)));
    assertTrue(liar.bulk.bytesSent() > 0, "the damaged copy was never asked for");
  }

  @Test
  void aRelayThatDiesInTheMidstCostsItsChildrenNothingButASource() throws Exception {
    byte[] bytes = new byte[24 << 20];
    new Random(1).nextBytes(bytes);
    Server server = new Server("params", false);
    Node relay = new Node("a", server);
    List<Node> children = List.of(new Node("b", server), new Node("c", server));
    Thread killer =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (relay.bulk.bytesSent() == 0) {
                    LockSupport.parkNanos(500_000);
                  }
                  relay.bulk.close();
                  relay.system.terminate();
                });
    WeightUpdate update = server.publish(0, 1, bytes);
    for (Node child : children) {
      assertEquals(-1, Arrays.mismatch(bytes, child.take(update)));
    }
    killer.join();
    assertTrue(relay.bulk.bytesSent() < bytes.length, "the relay had sent everything");
  }

  @Test
  void aServerThatLostEverythingTakesTheNewestVersionFromTheNodes() throws Exception {
    byte[] bytes = Files.readAllBytes(SHIPPED);
    Server server = new Server("params", false);
    List<Node> nodes = List.of(new Node("a", server), new Node("b", server));
    WeightUpdate update = server.publish(3, 7, bytes);
    for (Node node : nodes) {
      node.take(update);
    }
    server.system.terminate();
    server.system.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS);
    Server again = new Server("params-again", false);
    nodes.forEach(node -> node.follow(again));
    Node late = new Node("c", again);
    assertEquals(-1, Arrays.mismatch(bytes, late.take(update)));
    assertEquals(-1, Arrays.mismatch(bytes, again.bytes(update)));
    // A learner that does not know that it was replaced is not heard; the next of this term is.
    again.publish(2, 99, changed(bytes, 10, 1));
    byte[] next = changed(bytes, 10, 2);
    WeightUpdate newer = again.publish(3, 8, next);
    for (Node node : List.of(nodes.getFirst(), late)) {
      assertEquals(-1, Arrays.mismatch(next, node.take(newer)));
      assertFalse(Files.exists(node.folder.resolve("v000099-t2")));
    }
  }
}
