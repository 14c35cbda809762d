package krites.actors;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * Who is there in one life of a run: the role of each actor, the workers that are about to leave,
 * and those that come in the place of one that died. Decides nothing.
 */
final class Crew {
  /** What an actor is; a run can do without a worker for a moment, and without no other. */
  sealed interface Role {
    String name();
  }

  /** The workers that there are; a name begins with its kind. */
  enum Kind {
    ROLLOUT("rollout-", Hosts.Part.ROLLOUT),
    EVALUATOR("evaluator-", Hosts.Part.ROLLOUT),
    REWARD("reward-", Hosts.Part.REWARD);

    private final String prefix;
    private final Hosts.Part part;

    Kind(String prefix, Hosts.Part part) {
      this.prefix = prefix;
      this.part = part;
    }

    /** What a node must host to have such a worker. */
    Hosts.Part part() {
      return part;
    }

    /** Whether it has an engine, and hands back what it holds before it goes. */
    boolean samples() {
      return this != REWARD;
    }

    /** Whether a name is that of a worker. */
    static boolean isWorker(String name) {
      return Stream.of(values()).anyMatch(kind -> name.startsWith(kind.prefix));
    }
  }

  /**
   * @param incarnation how many had its index before
   * @param node that hosts it
   * @param seat its number among those of its kind at that node
   */
  record Worker(Kind kind, int index, int incarnation, String node, int seat) implements Role {
    @Override
    public String name() {
      return kind.prefix + index + (incarnation == 0 ? "" : "-" + incarnation);
    }

    Worker next() {
      return new Worker(kind, index, incarnation + 1, node, seat);
    }
  }

  /**
   * @param node that hosts it; empty for this process
   */
  record Vital(String name, String node) implements Role {}

  private final Map<ActorRef<Void>, Role> roles =
      new LinkedHashMap<>(); // in the order of their spawning: the hash of a reference is random
  private final Set<String> leaving = new HashSet<>(); // workers that hand back what they hold
  private final List<Worker> replacing = new ArrayList<>(); // those that come after a breath
  private final Map<Kind, Integer> next = new EnumMap<>(Kind.class); // index of the next worker

  void add(ActorRef<?> ref, Role role) {
    roles.put(ref.unsafeUpcast(), role);
  }

  /** What an actor was that is gone; null for a stranger. */
  @Nullable Role remove(ActorRef<Void> ref) {
    return roles.remove(ref);
  }

  Optional<Role> role(ActorRef<Void> ref) {
    return Optional.ofNullable(roles.get(ref));
  }

  Optional<ActorRef<Void>> named(String name) {
    return roles.entrySet().stream()
        .filter(each -> each.getValue().name().equals(name))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  List<ActorRef<Void>> actors() {
    return List.copyOf(roles.keySet());
  }

  List<Role> roles() {
    return List.copyOf(roles.values());
  }

  boolean isEmpty() {
    return roles.isEmpty();
  }

  // --- workers
  // -------------------------------------------------------------------------------------------------

  /** A worker that never was, at a free seat of a node. */
  Worker fresh(Kind kind, String node) {
    int index = next.merge(kind, 1, Integer::sum) - 1;
    Set<Integer> taken = workers(kind, node).map(Worker::seat).collect(Collectors.toSet());
    int seat = 0;
    while (taken.contains(seat)) {
      seat++;
    }
    return new Worker(kind, index, 0, node, seat);
  }

  void setLeaving(Worker worker) {
    leaving.add(worker.name());
  }

  boolean isLeaving(Worker worker) {
    return leaving.contains(worker.name());
  }

  /** Says that a worker is gone; returns whether it was to leave. */
  boolean hasLeft(String worker) {
    return leaving.remove(worker);
  }

  void setReplacing(Worker worker) {
    replacing.add(worker);
  }

  void hasCome(Worker worker) {
    replacing.remove(worker);
  }

  /** All of a kind at a node, those that are about to leave included. */
  Stream<Worker> workers(Kind kind, String node) {
    return workers().filter(worker -> worker.kind() == kind && worker.node().equals(node));
  }

  /** Those of a kind at a node that do not leave, in the order of their numbers. */
  List<Worker> staying(Kind kind, String node) {
    return workers(kind, node).filter(worker -> !isLeaving(worker)).toList();
  }

  /** How many of a kind a node will have: those that stay, and those that come after a breath. */
  int count(Kind kind, String node) {
    return (int) expected(kind).filter(worker -> worker.node().equals(node)).count();
  }

  /** How many of a kind there will be at all nodes. */
  int count(Kind kind) {
    return (int) expected(kind).count();
  }

  private Stream<Worker> expected(Kind kind) {
    return Stream.concat(workers().filter(worker -> !isLeaving(worker)), replacing.stream())
        .filter(worker -> worker.kind() == kind);
  }

  private Stream<Worker> workers() {
    return roles.values().stream()
        .filter(Worker.class::isInstance)
        .map(Worker.class::cast)
        .sorted(Comparator.comparingInt(Worker::index));
  }
}
