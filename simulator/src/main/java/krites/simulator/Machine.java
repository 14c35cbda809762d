package krites.simulator;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import krites.actors.KritesRun;
import org.apache.pekko.actor.ActorCell;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.dispatch.Mailbox;

/**
 * What a simulated run runs on: nodes, their clock and the network between them.
 *
 * <p>Actor systems opened here have no threads: all that they do waits in the {@link EventLoop}
 * until it is asked to go on. When a process is killed its system is forgotten and the next one is
 * opened on the same nodes.
 */
final class Machine {
  private static final ScopedValue<Machine> OPENING = ScopedValue.newInstance();

  private static final List<String> PEKKO_DISPATCHERS =
      List.of(
          "pekko.actor.default-dispatcher",
          "pekko.actor.internal-dispatcher",
          "pekko.actor.default-blocking-io-dispatcher");

  private static final Config OVERRIDES = overrides();

  private final EventLoop loop = new EventLoop();
  private final Meter meter = new Meter();
  private final Trace trace;
  private final Network network;
  private final FaultPlan plan;
  private final long seed;
  private final long messageNanos;
  private final Cores cores;
  private final Map<String, Node> nodes = new HashMap<>();
  private final IdentityHashMap<ActorCell, Lane> lanes = new IdentityHashMap<>();
  private int processes;
  private long tasks;

  /**
   * @param cores that all nodes share; 0 if each has its own
   * @param listener told every line of the trace
   */
  Machine(
      long seed,
      FaultPlan plan,
      DeviceModel.Network model,
      int cores,
      Optional<Consumer<String>> listener) {
    this.seed = seed;
    this.plan = plan;
    this.messageNanos = EventLoop.nanos(model.handleSeconds());
    this.cores = new Cores(cores);
    this.trace = new Trace(listener);
    this.network = new Network(loop, trace, meter, plan, seed, model.latencySeconds());
  }

  /**
   * The settings that make an actor system a virtual one. It writes no log of its own and never
   * ends the JVM.
   */
  private static Config overrides() {
    Config config =
        ConfigFactory.parseString(
            """
            pekko {
              # Pekko waits, in real time, for every other logger to start.
              use-slf4j = off
              loggers = ["org.apache.pekko.event.Logging$StandardOutLogger"]
              loglevel = OFF
              stdout-loglevel = OFF
              jvm-exit-on-fatal-error = off
              # Its check opens every jar of the class path.
              fail-mixed-versions = off
              # Nothing leaves the process, so serializers need not be made for each simulation.
              library-extensions = []
              actor.typed.library-extensions = []
              actor.serialize-messages = off
              coordinated-shutdown.run-by-actor-system-terminate = off
            }
            """);
    config =
        config.withValue(
            "pekko.scheduler.implementation",
            ConfigValueFactory.fromAnyRef(VirtualScheduler.class.getName()));
    for (String dispatcher : dispatchers()) {
      config =
          config.withValue(
              dispatcher,
              ConfigValueFactory.fromMap(
                  Map.of("type", VirtualDispatcherConfigurator.class.getName())));
    }
    return config;
  }

  /** Whatever has threads: Pekko's own dispatchers and all that our actors have. */
  private static List<String> dispatchers() {
    return Stream.concat(PEKKO_DISPATCHERS.stream(), KritesRun.dispatchers().stream()).toList();
  }

  /** The machine on which an actor system is being opened by this thread. */
  static Machine opening() {
    return OPENING.orElseThrow(
        () -> new IllegalStateException("a virtual actor system is opened by its machine only"));
  }

  /** Starts a process: opens an actor system whose settings make it a virtual one. */
  <T> ActorSystem<T> open(java.util.function.Function<Config, ActorSystem<T>> opener) {
    processes++;
    Supplier<ActorSystem<T>> opening = () -> opener.apply(OVERRIDES);
    return ScopedValue.where(OPENING, this).call(opening::get);
  }

  /** Kills the process that runs; it has no chance to do anything about it. */
  void kill() {
    loop.forgetAll();
    lanes.clear();
  }

  EventLoop loop() {
    return loop;
  }

  Network network() {
    return network;
  }

  Meter meter() {
    return meter;
  }

  Trace trace() {
    return trace;
  }

  FaultPlan plan() {
    return plan;
  }

  long seed() {
    return seed;
  }

  /** The strand of an actor. */
  Lane lane(ActorCell cell) {
    Lane known = lanes.get(cell);
    if (known != null) {
      return known;
    }
    String path = cell.self().path().toStringWithoutAddress();
    String actor = path.startsWith("/user/") ? path.substring("/user/".length()) : path;
    int child = actor.indexOf('/');
    Node node = node(Node.nameFor(child > 0 ? actor.substring(0, child) : actor));
    Lane lane = new Lane(processes == 1 ? actor : actor + "#" + processes, node, seed);
    lanes.put(cell, lane);
    return lane;
  }

  /** A strand for a task that the strand that runs hands to a thread pool. */
  Lane taskLane() {
    Lane by = loop.current();
    return new Lane("task-" + tasks++, by == null ? node("main") : by.node(), seed);
  }

  Node node(String name) {
    return nodes.computeIfAbsent(name, key -> new Node(key, Node.roleOf(key), seed, plan));
  }

  /** An actor reads its mailbox. */
  void read(Mailbox mailbox) {
    if (mailbox.hasMessages()) {
      loop.busyUntil(loop.nanos() + messageNanos);
    }
    mailbox.run();
  }

  /**
   * The strand that runs works for a while; its node may stand still, hang or die meanwhile.
   *
   * @throws NodeLost if it dies
   */
  void work(double seconds) {
    Node node = workingNode();
    long from = loop.nanos();
    long workNanos = EventLoop.nanos(seconds * cores.slowness(from));
    long until = node.workedUntil(from, workNanos);
    long crash = node.crashesAt();
    if (crash <= until) {
      long at = Math.max(from, crash);
      loop.busyUntil(at);
      throw lose(node, at);
    }
    if (node.hangsWithin(from, until)) {
      struck(FaultKind.ROLLOUT_HANG, 0, node.name());
      loop.busyUntil(EventLoop.NEVER);
      return;
    }
    if (until - from > workNanos) {
      struck(FaultKind.PAUSE, until - from - workNanos, node.name());
    }
    meter.busy(node.role(), workNanos);
    cores.take(until);
    loop.busyUntil(until);
  }

  /** The strand that runs waits for something that is not its node's work. */
  void idleUntil(long untilNanos) {
    loop.busyUntil(Math.max(loop.nanos(), untilNanos));
  }

  private NodeLost lose(Node node, long atNanos) {
    NodeLost lost = node.crash(atNanos);
    FaultKind kind =
        switch (node.role()) {
          case ROLLOUT, EVALUATOR -> FaultKind.ROLLOUT_CRASH;
          case REWARD -> FaultKind.REWARD_CRASH;
          case LEARNER -> FaultKind.LEARNER_CRASH;
          case MAIN -> FaultKind.RUN_CRASH;
        };
    struck(kind, node.awakeAt(atNanos) - atNanos, node.name());
    return lost;
  }

  /** A fault struck a node and costs it this much time. */
  void struck(FaultKind kind, long nanos, String where) {
    meter.struck(kind, nanos);
    trace.note(loop.nanos(), kind.word() + ": " + where);
  }

  /** A seed for the next thing that is left to chance in the strand that runs. */
  long luck() {
    return working().nextDraw();
  }

  Node workingNode() {
    return working().node();
  }

  private Lane working() {
    Lane lane = loop.current();
    if (lane == null) {
      throw new IllegalStateException("a device was called outside of the simulation");
    }
    return lane;
  }
}
