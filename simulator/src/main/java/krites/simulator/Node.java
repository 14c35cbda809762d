package krites.simulator;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A simulated machine of the cluster: it stands still, dies and comes back at moments that its seed
 * decides.
 *
 * <p>Each worker and the learner have one; orchestrator, parameter server, recorder and supervisor
 * share one.
 */
final class Node {
  /** What a node is for. */
  enum Role {
    ROLLOUT,
    EVALUATOR,
    REWARD,
    LEARNER,
    MAIN
  }

  private static final Pattern WORKER = Pattern.compile("(rollout|evaluator|reward)-(\\d+)(-.*)?");

  private final String name;
  private final Role role;
  private final long seed;
  private final Stops pauses;
  private final Stops partitions;
  private final Moments crashes;
  private final Moments hangs;
  private final Optional<FaultKind> crashKind;
  private final long restartNanos;
  private long crashesAfter;
  private long downUntil;
  private long lives = 1;

  Node(String name, Role role, long simulationSeed, FaultPlan plan) {
    this.name = name;
    this.role = role;
    this.seed = Draws.seed(simulationSeed, name);
    this.pauses = new Stops(seed, plan, FaultKind.PAUSE);
    this.partitions = new Stops(seed, plan, FaultKind.PARTITION);
    this.crashKind =
        switch (role) {
          case ROLLOUT, EVALUATOR -> Optional.of(FaultKind.ROLLOUT_CRASH);
          case REWARD -> Optional.of(FaultKind.REWARD_CRASH);
          case LEARNER -> Optional.of(FaultKind.LEARNER_CRASH);
          case MAIN -> Optional.empty(); // its loss is the end of the process: RUN_CRASH
        };
    this.crashes = new Moments(Draws.seed(seed, "crash"), crashKind.map(plan::rate).orElse(0.0));
    this.restartNanos = EventLoop.nanos(crashKind.map(plan::seconds).orElse(0.0));
    this.hangs =
        new Moments(
            Draws.seed(seed, "hang"), samples(role) ? plan.rate(FaultKind.ROLLOUT_HANG) : 0);
  }

  private static boolean samples(Role role) {
    return role == Role.ROLLOUT || role == Role.EVALUATOR;
  }

  /** The node on which an actor of this name runs. */
  static String nameFor(String actor) {
    Matcher worker = WORKER.matcher(actor);
    if (worker.matches()) {
      return worker.group(1) + "-" + worker.group(2);
    }
    return actor.startsWith("learner") ? "learner" : "main";
  }

  static Role roleOf(String node) {
    if (node.startsWith("rollout-")) {
      return Role.ROLLOUT;
    }
    if (node.startsWith("evaluator-")) {
      return Role.EVALUATOR;
    }
    if (node.startsWith("reward-")) {
      return Role.REWARD;
    }
    return node.equals("learner") ? Role.LEARNER : Role.MAIN;
  }

  /** How often the node was started. */
  long lives() {
    return lives;
  }

  String name() {
    return name;
  }

  Role role() {
    return role;
  }

  long seed() {
    return seed;
  }

  /** The moment itself, or when the node stands still or is down then, the end of that. */
  long awakeAt(long atNanos) {
    return pauses.goesOnAt(Math.max(atNanos, downUntil));
  }

  /** When work that begins then ends, pauses left out. */
  long workedUntil(long fromNanos, long workNanos) {
    return pauses.workedUntil(fromNanos, workNanos);
  }

  /** When what is sent to or from this node then goes through. */
  long reachableAt(long atNanos) {
    return role == Role.MAIN ? atNanos : partitions.goesOnAt(atNanos);
  }

  /** The first crash that has not been taken yet. */
  long crashesAt() {
    return crashes.firstAfter(crashesAfter);
  }

  /** The node dies now, and is down for a while. */
  NodeLost crash(long atNanos) {
    downUntil = Math.min(EventLoop.NEVER, atNanos + restartNanos);
    crashesAfter = downUntil;
    lives++;
    return new NodeLost(name, crashKind.orElseThrow());
  }

  /** The process of the node is started anew; a hang of the old one is over. */
  void restartedAt(long atNanos) {
    crashesAfter = Math.max(crashesAfter, atNanos);
  }

  /** Whether the node stops answering for ever in a span of time. */
  boolean hangsWithin(long fromNanos, long untilNanos) {
    return hangs.firstAfter(fromNanos) <= untilNanos;
  }

  @Override
  public String toString() {
    return name;
  }
}
