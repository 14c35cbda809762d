package krites.actors;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import krites.grpo.Group;
import krites.grpo.ScoredGroup;
import krites.grpo.flow.CircuitBreaker;
import krites.grpo.flow.RewardPolicy;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns every group that is being scored, from {@link #submit} until its rewards are there or it is
 * given up, and decides who scores it.
 *
 * <p>A worker holds one group at a time, so that a deadline counts scoring and not waiting in a
 * mailbox, and a worker that blocks holds up one group. A worker that lets a deadline pass is
 * suspect: it gets a {@link RewardWorker.Ping} and no group until it answers, and its group is
 * tried again elsewhere. A lost message looks the same, and the answer to the ping repairs it. When
 * every worker is suspect or gone, groups wait for one deadline per try that they have left.
 *
 * <p>Promises: every submitted group ends exactly once, by {@link #done} or in the answer of {@link
 * #tick}, whatever messages are lost, doubled or late, provided that {@link #tick} is called again
 * and again; with a worker that answers, it ends within a bounded time. Of the answers to a group
 * the first one wins, whoever of those that were asked gives it.
 *
 * <p>It reads no clock: times are nanoseconds of a clock that only rises. It knows no ledger.
 */
final class ScoreDesk {
  /**
   * Deadlines after which a suspect counts as blocked: a slow reward and a lost message are over by
   * then.
   */
  static final int BLOCKED_DEADLINES = 3;

  /**
   * A group that ended without a reward.
   *
   * @param byDefault the group with its default reward, where the policy gives one
   */
  record GivenUp(Group group, String reason, Optional<ScoredGroup> byDefault) {}

  /**
   * A group that waits for its rewards.
   *
   * @param worker who was asked last; empty when nobody is asked at the moment
   * @param sinceNanos since when it is with this worker, or with nobody
   * @param attempt the try under way or waited for, from 1
   */
  record ScoreWait(long groupId, String worker, long sinceNanos, int attempt) {}

  /** A worker that has not answered for several deadlines. */
  record Blocked(String worker, long sinceNanos) {}

  /** An open group. Its {@code worker} holds it, or null while it is in the queue. */
  private record Work(
      Group group, int attempt, @Nullable String worker, long sinceNanos, Set<String> asked) {
    Work sentTo(String name, long nowNanos) {
      Set<String> all = new HashSet<>(asked);
      all.add(name);
      return new Work(group, attempt, name, nowNanos, all);
    }

    Work nextAttempt(long nowNanos) {
      return new Work(group, attempt + 1, null, nowNanos, asked);
    }
  }

  private static final class Worker {
    private final ActorRef<RewardWorker.Command> ref;
    private @Nullable Long held;
    private long sentNanos; // of the held group
    private long turn; // of its last group, for taking turns
    private boolean suspect;
    private long pingedNanos;

    private Worker(ActorRef<RewardWorker.Command> ref) {
      this.ref = ref;
    }

    private boolean isFree() {
      return held == null && !suspect;
    }

    private void answered() {
      held = null;
      suspect = false;
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(ScoreDesk.class);

  private final RewardPolicy policy;
  private final long deadlineNanos;
  private final CircuitBreaker breaker;
  private final Map<Long, Work> works = new LinkedHashMap<>();
  private final LinkedHashSet<Long> queue = new LinkedHashSet<>(); // works that nobody holds
  private final Map<String, Worker> workers = new TreeMap<>();
  private final List<GivenUp> givenUp = new ArrayList<>();
  private @Nullable Long unmannedNanos; // since when no worker can be sent anything
  private String lastFailure = "";
  private long turns;

  ScoreDesk(RewardPolicy policy) {
    this.policy = policy;
    this.deadlineNanos = policy.deadline().toNanos();
    this.breaker = new CircuitBreaker(policy.breakerFailures(), policy.breakerCooldown().toNanos());
  }

  // --- facts
  // ---------------------------------------------------------------------------------------------------

  /** A worker reports for work, or answers a ping; more than once does no harm. */
  void join(String name, ActorRef<RewardWorker.Command> ref, long nowNanos) {
    Worker known = workers.get(name);
    if (known == null || !known.ref.equals(ref)) {
      leave(name, nowNanos);
      workers.put(name, new Worker(ref));
    } else if (known.suspect) {
      // It answered what was sent before the ping, or never got it.
      LOG.info("reward worker {} answers again", name);
      known.answered();
    }
    handOut(nowNanos);
  }

  /** Forgets a worker; for the group that it held, this was a failed try. */
  void leave(String name, long nowNanos) {
    Worker gone = workers.remove(name);
    if (gone != null && gone.held != null) {
      tryFailed(name, gone.held, "reward worker " + name + " died", nowNanos);
    }
    handOut(nowNanos);
  }

  /** Takes a group in; one that is open already is left as it is. */
  void submit(Group group, long nowNanos) {
    if (works.putIfAbsent(group.id(), new Work(group, 1, null, nowNanos, Set.of())) == null) {
      queue.add(group.id());
      handOut(nowNanos);
    }
  }

  /**
   * The rewards of a group came in. True exactly once for an open group: this answer counts. False
   * when it ended before, or this worker was never asked.
   */
  boolean done(String name, long groupId, long nowNanos) {
    release(name, groupId);
    Work work = works.get(groupId);
    boolean counts = work != null && work.asked().contains(name);
    if (counts) {
      works.remove(groupId);
      queue.remove(groupId);
      changeCircuit(breaker::succeeded);
    }
    handOut(nowNanos);
    return counts;
  }

  /** The reward threw: a failed try, if this worker holds the group. */
  void failed(String name, long groupId, String reason, long nowNanos) {
    release(name, groupId);
    tryFailed(name, groupId, reason, nowNanos);
    handOut(nowNanos);
  }

  /** Nobody waits for the rewards of a group any more; unknown groups are ignored. */
  void forget(long groupId, long nowNanos) {
    if (works.remove(groupId) != null) {
      queue.remove(groupId);
      if (breaker.state() == CircuitBreaker.State.HALF_OPEN) {
        changeCircuit(() -> breaker.failed(groupId, nowNanos)); // it may have been the probe
      }
    }
  }

  /** Judges deadlines; everything that ended without a reward since the last call. */
  List<GivenUp> tick(long nowNanos) {
    workers.forEach((name, worker) -> judge(name, worker, nowNanos));
    handOut(nowNanos);
    expireUnmanned(nowNanos);
    handOut(nowNanos);
    List<GivenUp> ended = List.copyOf(givenUp);
    givenUp.clear();
    return ended;
  }

  // --- what is known
  // -------------------------------------------------------------------------------------------

  /** Workers that have been suspect so long that only a restart will help, by name. */
  List<Blocked> blocked(long nowNanos) {
    List<Blocked> blocked = new ArrayList<>();
    workers.forEach(
        (name, worker) -> {
          if (worker.suspect && nowNanos - worker.sentNanos >= BLOCKED_DEADLINES * deadlineNanos) {
            blocked.add(new Blocked(name, worker.sentNanos));
          }
        });
    return blocked;
  }

  /** Every open group, in the order in which they were submitted. */
  List<ScoreWait> waits(long nowNanos) {
    return works.values().stream()
        .map(
            work ->
                new ScoreWait(
                    work.group().id(),
                    work.worker() == null ? "" : work.worker(),
                    work.sinceNanos(),
                    work.attempt()))
        .toList();
  }

  /** Groups that were submitted and whose end was not told yet. */
  int size() {
    return works.size() + givenUp.size();
  }

  /** Whether rewards are asked for at all. */
  CircuitBreaker.State circuit() {
    return breaker.state();
  }

  /** One phrase per worker with work, for a person who asks what a run waits for. */
  List<String> describe(long nowNanos) {
    List<String> phrases = new ArrayList<>();
    workers.forEach(
        (name, worker) -> {
          if (worker.held != null) {
            phrases.add(
                name
                    + (worker.suspect ? " has not answered for group " : " scores group ")
                    + worker.held
                    + " for "
                    + seconds(nowNanos - worker.sentNanos));
          }
        });
    if (!queue.isEmpty()) {
      long oldest =
          queue.stream().mapToLong(id -> nowNanos - openWork(id).sinceNanos()).max().orElseThrow();
      phrases.add(
          "nobody scores groups " + queue + " for " + seconds(oldest) + whyNobody(nowNanos));
    }
    return phrases;
  }

  private String whyNobody(long nowNanos) {
    if (!breaker.allows(nowNanos)) {
      return " (the circuit is "
          + breaker.state().name().toLowerCase(Locale.ROOT)
          + ": "
          + lastFailure
          + ")";
    }
    if (workers.isEmpty()) {
      return " (no reward worker is ready)";
    }
    return isUnmanned() ? " (no reward worker answers)" : " (all reward workers are busy)";
  }

  // --- decisions
  // -----------------------------------------------------------------------------------------------

  /** Sends what may be sent, and ends what shall not wait for an open circuit. */
  private void handOut(long nowNanos) {
    while (!queue.isEmpty()) {
      long id = queue.getFirst();
      Optional<String> free = freest(openWork(id).asked());
      if (free.isPresent() && breaker.allows(nowNanos)) {
        send(id, free.get(), nowNanos);
      } else if (isRefusing()) {
        end(id, "the circuit is open: " + lastFailure);
      } else {
        break;
      }
    }
    noteUnmanned(nowNanos);
  }

  /** Whether a group that cannot be sent now gets its default at once. */
  private boolean isRefusing() {
    return switch (policy.onFailure()) {
      case DEFAULT -> breaker.state() != CircuitBreaker.State.CLOSED;
      case DROP -> false;
    };
  }

  private void send(long id, String name, long nowNanos) {
    changeCircuit(() -> breaker.sent(id, nowNanos));
    Work work = openWork(id).sentTo(name, nowNanos);
    Worker worker = knownWorker(name);
    queue.remove(id);
    works.put(id, work);
    worker.held = id;
    worker.sentNanos = nowNanos;
    worker.turn = ++turns;
    worker.ref.tell(new RewardWorker.Score(work.group()));
  }

  /** The free worker that rested longest, rather one that was not asked before. */
  private Optional<String> freest(Set<String> asked) {
    return workers.entrySet().stream()
        .filter(entry -> entry.getValue().isFree())
        .min(
            Comparator.<Map.Entry<String, Worker>>comparingInt(
                    entry -> asked.contains(entry.getKey()) ? 1 : 0)
                .thenComparingLong(entry -> entry.getValue().turn))
        .map(Map.Entry::getKey);
  }

  private void judge(String name, Worker worker, long nowNanos) {
    Long held = worker.held;
    if (!worker.suspect && held != null && nowNanos - worker.sentNanos >= deadlineNanos) {
      LOG.warn(
          "reward worker {} has not answered for group {} within {}",
          name,
          held,
          seconds(deadlineNanos));
      worker.suspect = true;
      ping(worker, nowNanos);
      tryFailed(name, held, "reward worker " + name + " gave no answer in " + deadline(), nowNanos);
    } else if (worker.suspect && nowNanos - worker.pingedNanos >= deadlineNanos) {
      ping(worker, nowNanos); // the one before may be lost
    }
  }

  private static void ping(Worker worker, long nowNanos) {
    worker.pingedNanos = nowNanos;
    worker.ref.tell(new RewardWorker.Ping());
  }

  /** While nobody can be asked, a deadline of waiting is a failed try. */
  private void expireUnmanned(long nowNanos) {
    Long since = unmannedNanos;
    if (since == null || nowNanos - since < deadlineNanos) {
      return;
    }
    for (long id : List.copyOf(queue)) {
      boolean late = nowNanos - openWork(id).sinceNanos() >= deadlineNanos;
      if (late && breaker.allows(nowNanos)) {
        changeCircuit(() -> breaker.sent(id, nowNanos));
        attemptEnded(id, "no reward worker answered in " + deadline(), nowNanos);
      }
    }
  }

  private void tryFailed(String name, long id, String reason, long nowNanos) {
    Work work = works.get(id);
    if (work != null && name.equals(work.worker())) {
      attemptEnded(id, reason, nowNanos);
    }
  }

  private void attemptEnded(long id, String reason, long nowNanos) {
    lastFailure = reason;
    changeCircuit(() -> breaker.failed(id, nowNanos));
    Work work = openWork(id);
    if (work.attempt() >= policy.attempts()) {
      end(id, reason);
    } else {
      works.put(id, work.nextAttempt(nowNanos));
      queue.addFirst(id); // it has waited longest
    }
  }

  private void end(long id, String reason) {
    Work work = openWork(id);
    works.remove(id);
    queue.remove(id);
    givenUp.add(new GivenUp(work.group(), reason, policy.byDefault(work.group())));
  }

  private void release(String name, long groupId) {
    Worker worker = workers.get(name);
    if (worker != null && worker.held != null && worker.held == groupId) {
      worker.answered();
    }
  }

  private void noteUnmanned(long nowNanos) {
    if (!isUnmanned()) {
      unmannedNanos = null;
    } else if (unmannedNanos == null) {
      unmannedNanos = nowNanos;
    }
  }

  private boolean isUnmanned() {
    return workers.values().stream().allMatch(worker -> worker.suspect);
  }

  private void changeCircuit(Runnable change) {
    CircuitBreaker.State before = breaker.state();
    change.run();
    CircuitBreaker.State after = breaker.state();
    if (before != after) {
      switch (after) {
        case OPEN ->
            LOG.warn(
                "no rewards are asked for during {}: {}",
                seconds(policy.breakerCooldown().toNanos()),
                lastFailure);
        case HALF_OPEN -> LOG.info("one group is scored to see whether rewards are back");
        case CLOSED -> LOG.info("rewards are back");
      }
    }
  }

  private Work openWork(long id) {
    Work work = works.get(id);
    if (work == null) {
      throw new IllegalStateException("group " + id + " is not being scored");
    }
    return work;
  }

  private Worker knownWorker(String name) {
    Worker worker = workers.get(name);
    if (worker == null) {
      throw new IllegalStateException("reward worker " + name + " is not known");
    }
    return worker;
  }

  private String deadline() {
    return seconds(deadlineNanos);
  }

  private static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
  }
}
