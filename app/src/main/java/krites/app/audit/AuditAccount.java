package krites.app.audit;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.CheckpointWritten;
import krites.grpo.flow.LedgerEvent.CopyLost;
import krites.grpo.flow.LedgerEvent.GroupCut;
import krites.grpo.flow.LedgerEvent.GroupDispatched;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.PromptSetAside;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import krites.grpo.flow.PromptTicket;
import org.jspecify.annotations.Nullable;

/**
 * A second set of books, kept from the journal in another way than the ledger keeps its own and
 * sharing no code with it: a mistake would have to be made twice to go unnoticed.
 *
 * <p>It proves that each group ends exactly once, that no prompt is skipped or under way twice,
 * that steps and versions rise by one, that no group was older than the limit in force when its
 * batch was taken, and that what a resume undid is not counted as trained.
 */
final class AuditAccount {
  private static final String GENERATING = "generating";
  private static final String PARKED = "parked";
  private static final String SCORING = "scoring";
  private static final String READY = "ready";
  private static final String TRAINING = "training";

  /** A group that has not ended. */
  private static final class Open {
    final PromptTicket ticket;
    final Set<String> workers = new HashSet<>();
    String place = GENERATING;
    long oldest = Long.MAX_VALUE; // of its tokens; MAX_VALUE while none is known
    long age;

    Open(PromptTicket ticket, String worker) {
      this.ticket = ticket;
      workers.add(worker);
    }

    @Override
    public String toString() {
      return place + (workers.isEmpty() ? "" : " at " + String.join(" and ", workers));
    }
  }

  /** A group that is in the weights. */
  private record Done(PromptTicket ticket, long age) {}

  private final Map<Long, Open> open = new TreeMap<>();
  private final TreeMap<Long, List<Done>> bySteps = new TreeMap<>(); // those that may be undone
  private final TreeMap<Long, Integer> cameBack = new TreeMap<>(); // place of a prompt → attempt
  private final EnumMap<Drop, Long> dropped = new EnumMap<>(Drop.class);
  private final TreeMap<Long, Long> ages = new TreeMap<>();
  private final TreeMap<Long, String> setAside = new TreeMap<>();
  private boolean begun;
  private boolean ended;
  private long groups;
  private long trained;
  private long nextTicket;
  private long step;
  private long steps;
  private long checkpoint;
  private long forgotten;
  private long undoneSteps;
  private long oldestAge;
  private int batchSize;
  private int eta;
  private PolicyVersion policy = new PolicyVersion(0, 0);

  /**
   * Books the next event.
   *
   * @throws IllegalStateException if it breaks what the books are there to prove; they are of no
   *     use after that
   */
  void book(LedgerEvent event) {
    check(begun != event instanceof RunStarted, "expected RunStarted first, and only there");
    boolean goesOn = event instanceof RunResumed || event instanceof GroupDropped;
    check(!ended || goesOn, "the run has ended, expected RunResumed before anything else");
    switch (event) {
      case RunStarted started -> begin(started);
      case RunResumed resumed -> resume(resumed);
      case VersionPublished(PolicyVersion version, String _) ->
          check(version.equals(policy), version + " was published while " + policy + " is trained");
      case GroupStarted(long id, PromptTicket ticket, String worker) -> {
        check(id == groups + 1, "group " + id + " starts after group " + groups);
        take(ticket);
        open.put(id, new Open(ticket, worker));
        groups++;
      }
      case GroupDispatched(long id, String worker) -> {
        Open group = at(id, GENERATING, PARKED);
        check(
            group.workers.size() < 2 && group.workers.add(worker),
            "group " + id + " was given to " + worker + " while " + group);
        group.place = GENERATING;
      }
      case CopyLost(long id, String worker) -> {
        Open group = at(id, GENERATING);
        check(
            group.workers.remove(worker) && !group.workers.isEmpty(),
            "group " + id + " lost its copy at " + worker + " while it had no other");
      }
      case GroupCut(long id, String worker, PolicyVersion oldest) ->
          leave(id, worker, oldest, PARKED);
      case GroupGenerated(long id, String worker, PolicyVersion oldest, int _) ->
          leave(id, worker, oldest, SCORING);
      case GroupReady(long id) -> at(id, SCORING).place = READY;
      case GroupDropped(long id, Drop reason) -> drop(id, reason);
      case PromptSetAside(PromptTicket ticket, long prompt, String reason) -> {
        take(ticket);
        setAside.putIfAbsent(prompt, reason);
      }
      case BatchTaken batch -> takeBatch(batch);
      case StepTrained(long number, PolicyVersion version) -> train(number, version);
      case CheckpointWritten(long number) -> {
        check(
            number >= checkpoint && number <= step,
            "a checkpoint of step " + number + " after step " + step);
        if (number > checkpoint) {
          forgotten = Math.max(forgotten, checkpoint);
          checkpoint = number;
        }
        bySteps.headMap(forgotten, true).clear();
      }
      case SettingChanged changed -> {
        check(
            changed.from().number() >= policy.number(),
            changed.key() + " was changed from " + changed.from() + " on, after " + policy);
        eta = changed.limits().maxStaleness();
        steps = changed.limits().steps();
      }
      case RunEnded _ -> ended = true;
    }
  }

  private void begin(RunStarted started) {
    begun = true;
    policy = started.version();
    batchSize = started.limits().groupsPerStep();
    eta = started.limits().maxStaleness();
    steps = started.limits().steps();
  }

  private void resume(RunResumed resumed) {
    check(open.isEmpty(), "the run goes on while groups " + open.keySet() + " have not ended");
    check(
        resumed.step() <= step && resumed.step() >= forgotten,
        "the run goes on from step "
            + resumed.step()
            + " of "
            + step
            + ", kept since "
            + forgotten);
    check(
        resumed.version().term() > policy.term()
            && step - resumed.step() == policy.number() - resumed.version().number(),
        "the run goes on from " + resumed.version() + " after " + policy);
    while (step > resumed.step()) {
      List<Done> undone = bySteps.remove(step);
      check(undone != null, "step " + step + " is undone, but its groups are not known");
      for (Done group : undone == null ? List.<Done>of() : undone) {
        comeBack(group.ticket);
        ages.merge(group.age, -1L, Long::sum);
        dropped.merge(Drop.UNDONE, 1L, Long::sum);
        trained--;
      }
      undoneSteps++;
      step--;
    }
    checkpoint = Math.min(checkpoint, step);
    policy = resumed.version();
    batchSize = resumed.limits().groupsPerStep();
    eta = resumed.limits().maxStaleness();
    steps = resumed.limits().steps();
    ended = false;
  }

  /** Each place in the order of prompts is issued in turn; what came back, as it came back. */
  private void take(PromptTicket ticket) {
    Integer attempt = cameBack.remove(ticket.number());
    if (attempt == null) {
      check(
          ticket.number() == nextTicket && ticket.attempt() == 0,
          "prompt place " + shown(ticket) + " is issued, the next new one is " + nextTicket);
      nextTicket++;
    } else {
      check(
          ticket.attempt() == attempt,
          "prompt place " + shown(ticket) + " is issued, expected attempt " + attempt);
    }
  }

  private void comeBack(PromptTicket ticket) {
    check(
        cameBack.put(ticket.number(), ticket.attempt()) == null,
        "prompt place " + shown(ticket) + " came back twice");
  }

  private void leave(long id, String worker, PolicyVersion oldest, String to) {
    Open group = at(id, GENERATING);
    check(
        group.workers.contains(worker),
        "group " + id + " comes from " + worker + " while " + group);
    group.workers.clear();
    group.oldest = Math.min(group.oldest, oldest.number());
    group.place = to;
  }

  private void drop(long id, Drop reason) {
    Open group = at(id, GENERATING, PARKED, SCORING, READY, TRAINING);
    check(
        reason != Drop.UNDONE && (reason == Drop.RESTARTED || !group.place.equals(TRAINING)),
        "group " + id + " was dropped as " + reason + " while " + group);
    check(!ended || reason == Drop.RESTARTED, "group " + id + " was dropped after the end");
    open.remove(id);
    dropped.merge(reason, 1L, Long::sum);
    switch (reason) {
      case RESTARTED -> comeBack(group.ticket);
      case STALE, WORKER_LOST, SURPLUS ->
          comeBack(new PromptTicket(group.ticket.number(), group.ticket.attempt() + 1));
      case ROLLOUT_FAILED, REWARD_FAILED, FLAT, UNDONE -> {}
    }
  }

  private void takeBatch(BatchTaken batch) {
    check(
        open.values().stream().noneMatch(group -> group.place.equals(TRAINING)),
        "the batch of step " + batch.step() + " was taken while another is in training");
    check(
        batch.step() == step + 1 && batch.policy().equals(policy),
        "a batch of step " + batch.step() + " for " + batch.policy() + " was taken at " + policy);
    check(
        batch.groupIds().size() == batchSize,
        "a batch has " + batch.groupIds().size() + " groups, expected " + batchSize);
    for (long id : batch.groupIds()) {
      Open group = at(id, READY);
      group.age = policy.number() - group.oldest;
      check(
          group.age >= 0 && group.age <= eta,
          "group " + id + " is " + group.age + " versions old, the limit in force is " + eta);
      group.place = TRAINING;
      oldestAge = Math.max(oldestAge, group.age);
    }
  }

  private void train(long number, PolicyVersion version) {
    check(number == step + 1, "step " + number + " was trained after step " + step);
    check(
        version.term() == policy.term() && version.number() == policy.number() + 1,
        "step " + number + " made " + version + " of " + policy);
    List<Done> done = new ArrayList<>();
    open.values()
        .removeIf(
            group -> group.place.equals(TRAINING) && done.add(new Done(group.ticket, group.age)));
    check(done.size() == batchSize, "step " + number + " trained " + done.size() + " groups");
    done.forEach(group -> ages.merge(group.age, 1L, Long::sum));
    bySteps.put(number, done);
    trained += done.size();
    step = number;
    policy = version;
  }

  private Open at(long id, String... places) {
    @Nullable Open group = open.get(id);
    if (group == null) {
      throw new IllegalStateException(
          "group " + id + (id <= groups ? " has ended already" : " was never started"));
    }
    check(
        List.of(places).contains(group.place),
        "group " + id + " is " + group + ", expected " + String.join(" or ", places));
    return group;
  }

  private static String shown(PromptTicket ticket) {
    return ticket.number() + " (attempt " + ticket.attempt() + ")";
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalStateException(otherwise);
    }
  }

  /** The books as they stand. */
  Books close() {
    ages.values().removeIf(count -> count == 0);
    return new Books(
        groups,
        trained,
        dropped,
        open.size(),
        step,
        steps,
        policy,
        eta,
        oldestAge,
        ages,
        undoneSteps,
        setAside,
        ended);
  }
}
