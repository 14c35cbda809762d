package krites.actors;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import krites.actors.cluster.GuardedRemoting;
import krites.actors.cluster.SameCluster;
import krites.actors.cluster.VoterDowning;
import org.apache.pekko.Done;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.UniqueAddress;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.SingletonActor;

/** Starts a node of a cluster in this process: one actor system. */
public final class KritesNode implements AutoCloseable {
  /** The name of every actor system that takes part in a cluster. */
  public static final String SYSTEM = "krites";

  /** The settings of a node's actor system, as a resource; each has a comment. */
  static final String RESOURCE = "krites-cluster.conf";

  private static final String ORCHESTRATOR = "orchestrator";
  private static final Duration LEAVE_WITHIN = Duration.ofSeconds(9);

  /**
   * Where others have a vote too, the first seed may be one that comes again; a cluster that it
   * began because a busy host answered late would be one of its own.
   */
  private static final Duration FIRST_SEED_WAITS = Duration.ofSeconds(15);

  private static final int REWARD_THREADS =
      64; // workers that may block for ever, with their replacements; threads begin when needed

  private final ActorSystem<Void> system;

  private KritesNode(ActorSystem<Void> system) {
    this.system = system;
  }

  /**
   * Starts a node, which joins its cluster by itself.
   *
   * @param rooms what it makes its parts of a job from
   * @param overrides keys of {@code pekko} and {@code krites.actors} that win over all others
   */
  public static KritesNode start(NodeSettings settings, NodeRooms rooms, Config overrides) {
    ActorSystem<Void> system =
        ActorSystem.create(guardian(settings, rooms), SYSTEM, config(settings, overrides));
    GuardedRemoting.guard(system);
    return new KritesNode(system);
  }

  private static Behavior<Void> guardian(NodeSettings settings, NodeRooms rooms) {
    return Behaviors.setup(
        context -> {
          ActorSystem<Void> system = context.getSystem();
          ActorRef<Coordinator.Command> coordinator =
              ClusterSingleton.get(system)
                  .init(
                      SingletonActor.of(
                              Behaviors.supervise(Coordinator.create(rooms))
                                  .onFailure(
                                      SupervisorStrategy.restartWithBackoff(
                                          Duration.ofSeconds(1), Duration.ofSeconds(20), 0.1)),
                              Coordinator.NAME)
                          .withProps(DispatcherSelector.fromConfig(KritesRun.FLOW_DISPATCHER))
                          .withSettings(
                              ClusterSingletonSettings.create(system).withRole(ORCHESTRATOR)));
          context.spawn(
              Gate.create(settings.version(), settings.cluster(), coordinator),
              Gate.NAME,
              DispatcherSelector.fromConfig(KritesRun.FLOW_DISPATCHER));
          ActorRef<NodeAgent.Command> agent =
              context.spawn(
                  NodeAgent.create(
                      nameOf(Cluster.get(system).selfMember().uniqueAddress()),
                      settings.roles(),
                      rooms),
                  NodeAgent.NAME,
                  DispatcherSelector.fromConfig(KritesRun.FLOW_DISPATCHER));
          CoordinatedShutdown.get(system)
              .addTask(
                  CoordinatedShutdown.PhaseBeforeServiceUnbind(),
                  "hand back groups",
                  () -> leave(system, agent));
          return Behaviors.empty();
        });
  }

  private static CompletionStage<Done> leave(
      ActorSystem<?> system, ActorRef<NodeAgent.Command> agent) {
    return AskPattern.<NodeAgent.Command, Done>ask(
            agent, NodeAgent.Leave::new, LEAVE_WITHIN, system.scheduler())
        .exceptionally(late -> Done.getInstance());
  }

  // --- configuration
  // -------------------------------------------------------------------------------------------

  /** The configuration of a node's actor system. */
  static Config config(NodeSettings settings, Config overrides) {
    ClassLoader loader = KritesNode.class.getClassLoader();
    return KritesRun.config(
        overrides
            .withFallback(ConfigFactory.parseMap(values(settings), "settings of the node"))
            .withFallback(ConfigFactory.parseResources(loader, RESOURCE)));
  }

  private static Map<String, Object> values(NodeSettings settings) {
    NodeSettings.Downing downing = settings.downing();
    Map<String, Object> values = new HashMap<>(transport(settings));
    values.put("pekko.actor.provider", "cluster");
    values.put(
        "pekko.cluster.seed-nodes",
        settings.seeds().stream().map(seed -> "pekko://" + SYSTEM + "@" + seed).toList());
    if (downing.quorum() > 1 && mayBegin(settings)) {
      values.put("pekko.cluster.seed-node-timeout", FIRST_SEED_WAITS);
    }
    values.put("pekko.cluster.roles", List.copyOf(clusterRoles(settings.roles())));
    values.put("pekko.cluster.role." + VoterDowning.VOTER + ".min-nr-of-members", downing.quorum());
    values.put("pekko.cluster.downing-provider-class", VoterDowning.class.getName());
    values.put(
        "pekko.cluster.configuration-compatibility-check.checkers.krites",
        SameCluster.class.getName());
    values.put(SameCluster.VERSION, settings.version());
    values.put(SameCluster.NAME, settings.cluster());
    values.put(
        "pekko.cluster.failure-detector.acceptable-heartbeat-pause", downing.heartbeatPause());
    values.put(VoterDowning.CONFIG + ".quorum", downing.quorum());
    values.put(VoterDowning.CONFIG + ".worker-unreachable", downing.workerUnreachable());
    values.put(VoterDowning.CONFIG + ".voter-unreachable", downing.voterUnreachable());
    values.put(VoterDowning.CONFIG + ".no-quorum", downing.noQuorum());
    values.put(VoterDowning.CONFIG + ".refused-means-ended", downing.refusedMeansEnded());
    values.put(
        KritesRun.REWARD_DISPATCHER + ".thread-pool-executor.fixed-pool-size", REWARD_THREADS);
    return values;
  }

  /** Whether it is the first seed, which begins a cluster when no other seed answers. */
  private static boolean mayBegin(NodeSettings settings) {
    return settings.seeds().stream()
        .limit(1)
        .anyMatch((settings.host() + ":" + settings.port())::equals);
  }

  /** What a process needs to be reached, member or not. */
  static Map<String, Object> transport(NodeSettings settings) {
    Map<String, Object> values = new HashMap<>();
    values.put("pekko.remote.artery.canonical.hostname", settings.host());
    values.put("pekko.remote.artery.canonical.port", settings.port());
    settings.bindHost().ifPresent(host -> values.put("pekko.remote.artery.bind.hostname", host));
    settings
        .tls()
        .ifPresent(
            tls -> {
              String engine = "pekko.remote.artery.ssl.config-ssl-engine.";
              values.put("pekko.remote.artery.transport", "tls-tcp");
              values.put(engine + "key-store", tls.keyStore().toAbsolutePath().toString());
              values.put(engine + "trust-store", tls.trustStore().toAbsolutePath().toString());
              values.put(engine + "key-store-password", tls.password());
              values.put(engine + "key-password", tls.password());
              values.put(engine + "trust-store-password", tls.password());
            });
    return values;
  }

  /** Whoever may lead has a vote. */
  private static Set<String> clusterRoles(Set<String> roles) {
    Set<String> all = new LinkedHashSet<>(new TreeSet<>(roles));
    if (roles.contains(ORCHESTRATOR)) {
      all.add(VoterDowning.VOTER);
    }
    return all;
  }

  // --- names
  // ---------------------------------------------------------------------------------------------------

  /** A node's name: where it listens, and which of the processes that ever listened there it is. */
  static String nameOf(UniqueAddress node) {
    return hostAndPort(node.address()) + "#" + Long.toHexString(node.longUid());
  }

  static String hostAndPort(Address address) {
    return address.getHost().orElse("") + ":" + address.getPort().orElse(0);
  }

  /** The roles that somebody gave a member. */
  static Set<String> rolesOf(Member member) {
    Set<String> roles = new TreeSet<>(member.getRoles());
    roles.removeIf(role -> !NodeSettings.ROLES.contains(role));
    return roles;
  }

  // --- running
  // -------------------------------------------------------------------------------------------------

  /** Where other nodes reach this one, as {@code host:port}. */
  public String address() {
    return hostAndPort(Cluster.get(system).selfMember().address());
  }

  /** Completes when the node has left its cluster, or was told that it is none of it. */
  public CompletionStage<Done> terminated() {
    return system.getWhenTerminated();
  }

  /** Whether it ended because the cluster, or this node itself, gave it up: it may join anew. */
  public boolean wasGivenUp() {
    return CoordinatedShutdown.get(system)
        .getShutdownReason()
        .filter(CoordinatedShutdown.ClusterDowningReason$.class::isInstance)
        .isPresent();
  }

  /** Whether the cluster counts this node as one of its own. */
  public boolean isUp() {
    return Cluster.get(system)
        .selfMember()
        .status()
        .equals(org.apache.pekko.cluster.MemberStatus.up());
  }

  /** The members that this node knows, as {@code host:port status roles}. */
  public List<String> members() {
    return java.util.stream.StreamSupport.stream(
            Cluster.get(system).state().getMembers().spliterator(), false)
        .map(
            member -> hostAndPort(member.address()) + " " + member.status() + " " + rolesOf(member))
        .toList();
  }

  /** Leaves the cluster, handing back what is hosted, and ends the actor system. */
  @Override
  public void close() {
    system.terminate();
  }
}
