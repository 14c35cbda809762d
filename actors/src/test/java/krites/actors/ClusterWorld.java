package krites.actors;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightOffer;
import krites.grpo.WeightUpdate;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberPlane;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.TrainerMember;
import krites.grpo.port.WeightTransport;
import krites.grpo.port.WeightVerifier;

/**
 * Nodes of a cluster in this JVM, each an actor system of its own on loopback, with the fakes of
 * one {@link World} behind all of them: what lies on a shared file system there, lies in its fields
 * here.
 */
final class ClusterWorld implements NodeRooms, AutoCloseable {
  /** Of every job here. */
  static final String SECRET = "0123456789abcdef0123456789abcdef";

  private static final String LOOPBACK = "127.0.0.1";

  /** Seconds where a cluster has tens of them. */
  private static final NodeSettings.Downing QUICK =
      new NodeSettings.Downing(
          1,
          Duration.ofSeconds(4),
          Duration.ofSeconds(1),
          Duration.ofSeconds(3),
          Duration.ofSeconds(2),
          true);

  /** Nobody is given up for being silent. */
  static final NodeSettings.Downing PATIENT =
      new NodeSettings.Downing(
          1,
          Duration.ofMinutes(10),
          Duration.ofMinutes(10),
          Duration.ofMinutes(30),
          Duration.ofMinutes(20),
          true);

  /** Gossip for a test, and a node that ends like one that was killed when it is told to end. */
  private static final Config OVERRIDES =
      ConfigFactory.parseString(
          """
          pekko.loglevel = WARNING
          pekko.cluster.gossip-interval = 200ms
          pekko.cluster.leader-actions-interval = 200ms
          pekko.coordinated-shutdown.run-by-jvm-shutdown-hook = off
          """);

  private static final Config KILLED =
      ConfigFactory.parseString("pekko.coordinated-shutdown.run-by-actor-system-terminate = off");

  final World world = new World();
  final FakeMembers members = new FakeMembers();

  /** Of nodes that are yet to come. */
  NodeSettings.Downing downing = QUICK;

  /** Whether weights go over a bulk plane; what every node fetched stands in {@link #fetched}. */
  boolean bulk;

  /** How many nodes have made what a job's actors need. */
  final AtomicInteger prepared = new AtomicInteger();

  final Set<String> fetched = ConcurrentHashMap.newKeySet();
  final ConcurrentLinkedQueue<RunOutcome> outcomes = new ConcurrentLinkedQueue<>();
  final AtomicReference<Optional<Object>> leading = new AtomicReference<>(Optional.empty());
  private final List<KritesNode> nodes = new ArrayList<>();
  private final int seedPort = freePort();

  /** A node that leaves in order when it is closed. */
  KritesNode node(String... roles) {
    return node(OVERRIDES, "krites 1", roles);
  }

  /** A node that vanishes when it is closed. */
  KritesNode mortalNode(String... roles) {
    return node(KILLED.withFallback(OVERRIDES), "krites 1", roles);
  }

  /** The same at an address of its own, where another one may have been before. */
  KritesNode mortalNodeAt(int port, String... roles) {
    return node(port, KILLED.withFallback(OVERRIDES), "krites 1", roles);
  }

  KritesNode node(Config overrides, String version, String... roles) {
    return node(nodes.isEmpty() ? seedPort : 0, overrides, version, roles);
  }

  private KritesNode node(int port, Config overrides, String version, String... roles) {
    NodeSettings settings =
        new NodeSettings(
            LOOPBACK,
            port,
            Optional.empty(),
            List.of(LOOPBACK + ":" + seedPort),
            Set.of(roles),
            "test",
            version,
            downing,
            Optional.empty());
    KritesNode node = KritesNode.start(settings, this, overrides);
    nodes.add(node);
    return node;
  }

  ClusterClient client() {
    NodeSettings settings =
        new NodeSettings(
            LOOPBACK,
            0,
            Optional.empty(),
            List.of(),
            Set.of(),
            "client",
            "krites 1",
            QUICK,
            Optional.empty());
    return ClusterClient.open(settings, nodes.stream().map(KritesNode::address).toList());
  }

  static Job job() {
    return new Job("job-1", "", "nowhere", false, "krites 1", SECRET);
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(LOOPBACK))) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("waited for a minute: " + what);
      }
      Thread.sleep(50);
    }
  }

  @Override
  public void close() throws InterruptedException {
    for (int i = nodes.size() - 1; i >= 0; i--) {
      nodes.get(i).close();
    }
    for (KritesNode node : nodes) {
      await("the end of " + node, () -> node.terminated().toCompletableFuture().isDone());
    }
  }

  // --- rooms
  // ---------------------------------------------------------------------------------------------------

  @Override
  public Lead lead(Job job, boolean again) {
    Object key = new Object();
    if (!leading.compareAndSet(Optional.empty(), Optional.of(key))) {
      throw new Lead.Busy("another node leads", new IllegalStateException());
    }
    if (again && !world.saved.isEmpty()) {
      world.start = Optional.of(world.continuation(world.lastSaved()));
    }
    world.recovery = Optional.of(world::fromLastCheckpoint);
    return new Lead() {
      @Override
      public RunSettings settings() {
        return world.settings();
      }

      @Override
      public RunParts parts() {
        return world.parts();
      }

      @Override
      public Conclusion conclude(RunOutcome outcome) {
        outcomes.add(outcome);
        return new Conclusion(0, List.of(outcome.getClass().getSimpleName()));
      }

      @Override
      public void close() {
        leading.set(Optional.empty());
      }
    };
  }

  @Override
  public HostedParts host(Job job) {
    prepared.incrementAndGet();
    return new HostedParts() {
      @Override
      public RolloutEngine engine(int seat) {
        return world.engineFactory.apply(seat);
      }

      @Override
      public RolloutEngine evaluator(int seat) {
        return world.evaluatorFactory.apply(seat);
      }

      @Override
      public PolicyTrainer trainer(long step, PolicyVersion version) {
        return fakeTrainer(step, version);
      }

      @Override
      public PolicyTrainer leadingTrainer(
          long step, PolicyVersion version, MemberExchange exchange) {
        return members.leading(fakeTrainer(step, version), exchange);
      }

      @Override
      public TrainerMember member(long step, PolicyVersion version, MemberExchange exchange) {
        return members.member(exchange);
      }

      @Override
      public MemberPlane memberPlane() {
        return members.plane();
      }

      private FakeTrainer fakeTrainer(long step, PolicyVersion version) {
        return world.saved.stream()
            .filter(saved -> saved.state().step() == step)
            .reduce((first, second) -> second)
            .map(
                saved ->
                    new FakeTrainer(
                        world,
                        version,
                        saved.weights(),
                        saved.groups(),
                        piece -> world.beforeEachPiece.accept(piece)))
            .orElseGet(
                () ->
                    new FakeTrainer(
                        world, version, 1, piece -> world.beforeEachPiece.accept(piece)));
      }

      @Override
      public RewardFunction reward() {
        return world.reward;
      }

      @Override
      public CheckpointStore checkpoints() {
        CheckpointStore store = world.parts().checkpoints();
        return (state, trainer) ->
            store.write(
                state,
                trainer instanceof FakeMembers.Leading leading ? leading.trainer() : trainer);
      }

      @Override
      public WeightVerifier weights() {
        return world.verifier;
      }

      @Override
      public Optional<Supplier<WeightTransport>> incomingWeights() {
        return bulk ? Optional.of(Plane::new) : Optional.empty();
      }

      @Override
      public Supplier<Optional<WeightTransport>> outgoingWeights() {
        return () -> bulk ? Optional.of(new Plane()) : Optional.empty();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public List<String> devices() {
    return List.of("none");
  }

  /** A bulk plane without bytes. */
  private final class Plane implements WeightTransport {
    @Override
    public String address() {
      return LOOPBACK + ":1";
    }

    @Override
    public WeightOffer offer(WeightUpdate update, Optional<WeightUpdate> base) {
      return new WeightOffer(
          update, new WeightOffer.Content("content", "ticket", 1), Optional.empty());
    }

    @Override
    public Arrival fetch(WeightOffer offer, Route route) {
      fetched.add(offer.update().location());
      return new Arrival(offer.update(), 1, 0, false);
    }

    @Override
    public void retire(WeightUpdate update) {}

    @Override
    public void close() {}
  }
}
