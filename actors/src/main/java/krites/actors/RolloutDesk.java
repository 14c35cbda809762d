package krites.actors;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import krites.grpo.PolicyVersion;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * Which rollout worker or evaluator holds which groups, who has room for one more, and who got
 * nowhere for how long. Time is passed in.
 *
 * <p>Room is counted in units of which a training group takes as many as eval groups fit, and the
 * other way round, so that a worker is full with its capacity of either and with any mixture that
 * weighs the same.
 *
 * <p>Messages may be lost: a worker's report says what it holds, and what was sent long ago and is
 * not there is sent again; what it holds and nobody waits for is cancelled.
 */
final class RolloutDesk {
  private static final Comparator<Row> MOST_ROOM_FIRST =
      Comparator.<Row>comparingInt(row -> -row.free).thenComparing(row -> row.name);

  /** A group at a worker. */
  private record Sent(
      RolloutWorker.Generate generate, boolean eval, long sinceNanos, long sentNanos) {
    long id() {
      return generate.request().groupId();
    }
  }

  private static final class Row {
    final String name;
    final RolloutWorker.Duty duty;
    final ActorRef<RolloutWorker.Command> ref;
    final int capacity;
    final int evalCapacity;
    final TreeMap<Long, Sent> held = new TreeMap<>();
    int free;
    long movedNanos; // progress, or the moment from which progress is expected
    @Nullable Long alone; // the suspect group that it runs without neighbours
    boolean leaving;
    boolean owesSign; // its last group was called off, and it has not been heard of since
    Map<String, Double> counters = Map.of();
    WorkerWait waitsFor = WorkerWait.WORK;
    Optional<PolicyVersion> active = Optional.empty();

    Row(
        String name,
        RolloutWorker.Duty duty,
        ActorRef<RolloutWorker.Command> ref,
        int capacity,
        int evalCapacity,
        long nowNanos) {
      this.name = name;
      this.duty = duty;
      this.ref = ref;
      this.capacity = capacity;
      this.evalCapacity = evalCapacity;
      this.free = capacity * evalCapacity;
      this.movedNanos = nowNanos;
    }

    int cost(boolean eval) {
      return eval ? capacity : evalCapacity;
    }

    boolean hasRoom(boolean eval) {
      return alone == null && !leaving && free >= cost(eval);
    }
  }

  /**
   * A worker as it stands.
   *
   * @param held its groups, oldest first
   * @param owesSign whether its last group was called off and it has not been heard of since
   * @param movedNanos when it last got anywhere, or was first expected to
   */
  record Look(
      String worker,
      RolloutWorker.Duty duty,
      List<Long> held,
      boolean owesSign,
      WorkerWait waitsFor,
      Optional<PolicyVersion> active,
      long movedNanos) {}

  private final Map<String, Row> rows = new TreeMap<>();
  private final TreeSet<Row> byRoom = new TreeSet<>(MOST_ROOM_FIRST);
  private final Set<String> refused = new HashSet<>(); // names are never used again
  private final long resendNanos;

  /**
   * @param resendNanos a group that a worker does not report this long after it was sent is sent
   *     again
   */
  RolloutDesk(long resendNanos) {
    this.resendNanos = resendNanos;
  }

  /**
   * Takes a worker in; false when it is known already, as after a doubled announcement, or was told
   * to go before it came.
   */
  boolean join(
      String worker,
      RolloutWorker.Duty duty,
      int capacity,
      int evalCapacity,
      ActorRef<RolloutWorker.Command> ref,
      long nowNanos) {
    Row known = rows.get(worker);
    if (known != null && known.ref.equals(ref) || refused.contains(worker)) {
      return false;
    }
    Row row = new Row(worker, duty, ref, capacity, evalCapacity, nowNanos);
    if (known != null) {
      byRoom.remove(known);
    }
    rows.put(worker, row);
    byRoom.add(row);
    return true;
  }

  boolean knows(String worker) {
    return rows.containsKey(worker);
  }

  boolean isEvaluator(String worker) {
    Row row = rows.get(worker);
    return row != null && row.duty == RolloutWorker.Duty.EVALUATION;
  }

  /** Forgets a worker; the groups that it held, in order. */
  List<Long> leave(String worker) {
    Row row = rows.remove(worker);
    if (row == null) {
      return List.of();
    }
    byRoom.remove(row);
    return List.copyOf(row.held.keySet());
  }

  /**
   * Tells a worker to hand everything back and to take no more; false when there is no such. One
   * that announces itself after that is not taken in: it is told to go by now.
   */
  boolean drain(String worker) {
    Row row = rows.get(worker);
    if (row == null) {
      refused.add(worker);
      return false;
    }
    row.leaving = true;
    row.ref.tell(new RolloutWorker.Drain());
    return true;
  }

  /**
   * The worker with the most room, the first by name among equals; empty when none has room for
   * such a group.
   *
   * @param passes who is asked at all
   */
  Optional<String> freest(boolean eval, Predicate<String> passes) {
    for (Row row : byRoom) {
      if (row.free == 0) {
        break;
      }
      if (row.hasRoom(eval) && passes.test(row.name)) {
        return Optional.of(row.name);
      }
    }
    return Optional.empty();
  }

  /**
   * A worker that holds nothing, the first by name.
   *
   * @param passes who is asked at all
   */
  Optional<String> idle(Predicate<String> passes) {
    return emptiest(passes).filter(worker -> row(worker).held.isEmpty());
  }

  /** The worker that holds the fewest groups, the first by name among equals. */
  Optional<String> emptiest(Predicate<String> passes) {
    return rows.values().stream()
        .filter(row -> row.alone == null && !row.leaving && passes.test(row.name))
        .min(Comparator.comparingInt(row -> row.held.size()))
        .map(row -> row.name);
  }

  void assign(String worker, boolean eval, RolloutWorker.Generate generate, long nowNanos) {
    Row row = rows.get(worker);
    if (row == null || !row.hasRoom(eval)) {
      throw new IllegalStateException(
          "worker " + worker + " has no room for group " + generate.request().groupId());
    }
    if (row.held.isEmpty() && !row.owesSign) {
      row.movedNanos = nowNanos;
    }
    long id = generate.request().groupId();
    row.held.put(id, new Sent(generate, eval, nowNanos, nowNanos));
    changeRoom(row, -row.cost(eval));
    row.ref.tell(generate);
  }

  /** A group gets a worker for itself until it leaves it. */
  void assignAlone(String worker, boolean eval, RolloutWorker.Generate generate, long nowNanos) {
    assign(worker, eval, generate, nowNanos);
    row(worker).alone = generate.request().groupId();
  }

  /** Frees the room of a group; false when the worker does not hold it (any more). */
  boolean release(String worker, long groupId, long nowNanos) {
    Row row = rows.get(worker);
    if (row == null) {
      return false;
    }
    Sent sent = row.held.remove(groupId);
    if (sent == null) {
      return false;
    }
    row.movedNanos = nowNanos;
    row.owesSign = false;
    changeRoom(row, row.cost(sent.eval()));
    if (row.alone != null && row.alone == groupId) {
      row.alone = null;
    }
    return true;
  }

  /** Whoever still works on a group forgets it. */
  void cancel(long groupId, List<String> workers, long nowNanos) {
    for (String worker : workers) {
      Row row = rows.get(worker);
      if (row != null && row.held.containsKey(groupId)) {
        long moved = row.movedNanos;
        boolean owed = row.owesSign;
        release(worker, groupId, nowNanos);
        row.movedNanos = moved; // to be called off is no progress
        row.owesSign = owed || row.held.isEmpty();
        row.ref.tell(new RolloutWorker.Cancel(groupId));
      }
    }
  }

  /** Takes in what a worker says of itself; whether it got anywhere since the last time. */
  boolean report(Orchestrator.WorkerReport report, long nowNanos) {
    Row row = rows.get(report.worker());
    if (row == null) {
      return false;
    }
    boolean moved = !row.counters.equals(report.counters()) || !row.active.equals(report.active());
    if (moved || row.held.isEmpty()) {
      row.movedNanos = nowNanos;
    }
    row.owesSign = false;
    row.counters = report.counters();
    row.active = report.active();
    row.waitsFor = report.waitsFor();
    if (row.leaving) {
      row.ref.tell(new RolloutWorker.Drain()); // the first may have been lost
    }
    for (Sent sent : List.copyOf(row.held.values())) {
      if (nowNanos - sent.sentNanos() >= resendNanos && !report.held().contains(sent.id())) {
        row.held.put(
            sent.id(), new Sent(sent.generate(), sent.eval(), sent.sinceNanos(), nowNanos));
        row.ref.tell(sent.generate());
      }
    }
    for (long id : report.held()) {
      if (!row.held.containsKey(id)) {
        row.ref.tell(new RolloutWorker.Cancel(id));
      }
    }
    return moved;
  }

  /** From now on progress is expected, whatever was before. */
  void forgive(long nowNanos) {
    rows.values().forEach(row -> row.movedNanos = nowNanos);
  }

  /** The request under which a worker holds a group, to ask another one for the same. */
  Optional<RolloutWorker.Generate> request(String worker, long groupId) {
    Row row = rows.get(worker);
    return row == null
        ? Optional.empty()
        : Optional.ofNullable(row.held.get(groupId)).map(Sent::generate);
  }

  /** How long a worker has held a group; empty when it does not. */
  Optional<Long> heldNanos(String worker, long groupId, long nowNanos) {
    Row row = rows.get(worker);
    return row == null
        ? Optional.empty()
        : Optional.ofNullable(row.held.get(groupId)).map(sent -> nowNanos - sent.sinceNanos());
  }

  /** Groups in training that have been at their worker for longer than this, by worker. */
  Map<String, List<Long>> slow(long limitNanos, long nowNanos) {
    Map<String, List<Long>> slow = new LinkedHashMap<>();
    for (Row row : rows.values()) {
      List<Long> ids = new ArrayList<>();
      for (Sent sent : row.held.values()) {
        if (!sent.eval() && nowNanos - sent.sinceNanos() > limitNanos) {
          ids.add(sent.id());
        }
      }
      if (!ids.isEmpty()) {
        slow.put(row.name, ids);
      }
    }
    return slow;
  }

  /**
   * Workers of which something is expected and that got nowhere for this long. One whose groups
   * were all called off is expected to be heard of: it may hang, and would swallow the next ones.
   */
  List<Look> stuck(long limitNanos, long nowNanos) {
    return rows.values().stream()
        .filter(row -> isStuck(row, limitNanos, nowNanos))
        .map(RolloutDesk::look)
        .toList();
  }

  boolean isStuck(String worker, long limitNanos, long nowNanos) {
    Row row = rows.get(worker);
    return row != null && isStuck(row, limitNanos, nowNanos);
  }

  private static boolean isStuck(Row row, long limitNanos, long nowNanos) {
    boolean expected = !row.held.isEmpty() || row.leaving || row.owesSign;
    return expected && nowNanos - row.movedNanos >= limitNanos;
  }

  /** Every worker, by name. */
  List<Look> look() {
    return rows.values().stream().map(RolloutDesk::look).toList();
  }

  private static Look look(Row row) {
    return new Look(
        row.name,
        row.duty,
        List.copyOf(row.held.keySet()),
        row.owesSign,
        row.waitsFor,
        row.active,
        row.movedNanos);
  }

  private Row row(String worker) {
    Row row = rows.get(worker);
    if (row == null) {
      throw new IllegalStateException("there is no worker " + worker);
    }
    return row;
  }

  private void changeRoom(Row row, int by) {
    byRoom.remove(row);
    row.free += by;
    byRoom.add(row);
  }
}
