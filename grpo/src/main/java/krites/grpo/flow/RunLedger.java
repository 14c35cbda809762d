package krites.grpo.flow;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.GroupState.Phase;
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
import org.jspecify.annotations.Nullable;

/**
 * Knows where every group and every prompt of a run is. Its questions are answered with events;
 * {@link #apply} is the only way in which its state changes, and it refuses an event that breaks a
 * promise.
 *
 * <p>Promises: every started group ends exactly once, trained or dropped with a reason; a place in
 * the order of prompts whose group ended for a reason of ours is issued again, as a whole; no place
 * is skipped and none is under way twice, across any resume; no trained group is staler than the
 * limit when its batch is taken; versions rise by one; at most one batch is in training; a group
 * starts only while fewer are in flight than the staleness limit can use or the remaining steps can
 * need, plus the over-issue.
 *
 * <p>It knows no clock, no thread, no prompt text and no response. Every event and every question
 * costs a few steps in trees, whatever is in flight; only those whose answer is a list of groups
 * cost as much as the list is long. Not thread safe.
 */
public final class RunLedger {
  private static final int COPIES = 2; // a third copy of a group would cost more than it can save

  private final long runSeed;
  private final PromptBook prompts;
  private final Flights flights = new Flights();
  private final TreeMap<Long, List<PromptTicket>> undoable = new TreeMap<>(); // by step
  private final EnumMap<Drop, Long> dropped = new EnumMap<>(Drop.class);
  private FlowLimits limits;
  private long nextGroupId = 1;
  private long issued;
  private long trained;
  private long completedSteps;
  private long durableStep;
  private long forgottenStep; // steps up to this cannot be undone any more
  private long maxStalenessSeen;
  private boolean remembersAll; // while a journal is read, of which any step may turn out lost
  private PolicyVersion version;

  private RunLedger(long runSeed, FlowLimits limits, PolicyVersion version, PromptBook prompts) {
    this.runSeed = runSeed;
    this.limits = limits;
    this.version = version;
    this.prompts = prompts;
  }

  /** The ledger of a run that begins. */
  public static RunLedger of(RunStarted started) {
    var prompts =
        new PromptBook(
            started.runSeed(),
            started.limits(),
            CursorState.start(started.prompts(), started.mix()),
            Map.of(),
            Map.of());
    return new RunLedger(started.runSeed(), started.limits(), started.version(), prompts);
  }

  /**
   * A ledger as it was when a snapshot was made. To go on with it after a crash, apply the
   * journal's events since then, {@link #restarted()} and a {@link RunResumed}.
   */
  public static RunLedger restore(LedgerSnapshot snapshot) {
    var prompts =
        new PromptBook(
            snapshot.runSeed(),
            snapshot.limits(),
            snapshot.cursor(),
            snapshot.losses(),
            snapshot.setAside());
    RunLedger ledger =
        new RunLedger(snapshot.runSeed(), snapshot.limits(), snapshot.version(), prompts);
    snapshot.inFlight().stream()
        .sorted(Comparator.comparingLong(LedgerSnapshot.Flight::groupId))
        .forEach(kept -> ledger.flights.add(Flight.of(kept)));
    ledger.dropped.putAll(snapshot.dropped());
    ledger.nextGroupId = snapshot.nextGroupId();
    ledger.issued = snapshot.issued();
    ledger.trained = snapshot.trained();
    ledger.completedSteps = snapshot.completedSteps();
    ledger.durableStep = snapshot.durableStep();
    ledger.forgottenStep = snapshot.completedSteps();
    ledger.remembersAll = true;
    ledger.maxStalenessSeen = snapshot.maxStalenessSeen();
    return ledger;
  }

  /**
   * The ledger that a whole journal leads to.
   *
   * @throws IllegalStateException if it does not begin with {@link RunStarted}, or an event cannot
   *     follow
   */
  public static RunLedger replay(List<LedgerEvent> journal) {
    if (journal.isEmpty() || !(journal.getFirst() instanceof RunStarted started)) {
      throw new IllegalStateException("the journal does not begin with the start of a run");
    }
    RunLedger ledger = of(started);
    ledger.remembersAll = true;
    journal.subList(1, journal.size()).forEach(ledger::apply);
    return ledger;
  }

  // --- questions
  // -----------------------------------------------------------------------------------------------

  /**
   * Whether one more group may start: never while the batch in training is all that is needed, nor
   * when every prompt was set aside.
   */
  public boolean mayStart() {
    return !isEnough()
        && !prompts.isExhausted()
        && flights.size() < limits.admitted(completedSteps);
  }

  /**
   * Whether no batch can need any other group now that one was taken: in the last step, and in
   * lock-step, where what is sampled now would be too old for the next step.
   */
  private boolean isEnough() {
    boolean last = completedSteps + 1 >= limits.steps();
    return isTraining() && (last || limits.maxStaleness() == 0);
  }

  /**
   * The ticket that is due, suspects left out: the lowest that came back, or a new one. {@link
   * #skip} says whether its prompt was set aside.
   */
  public PromptTicket due() {
    return prompts.due();
  }

  /**
   * A ticket under which so many workers died that the next death sets it aside. It has to run
   * alone on its worker, so that no neighbour is blamed for it. Its prompt was not set aside.
   */
  public Optional<PromptTicket> suspect() {
    return prompts.suspect();
  }

  /** Whether the next worker that dies under a ticket sets its prompt aside. */
  public boolean isSuspect(PromptTicket ticket) {
    return prompts.isSuspect(ticket);
  }

  /** The event that passes over a ticket whose prompt was set aside; empty for all others. */
  public Optional<PromptSetAside> skip(PromptTicket ticket) {
    return prompts.skip(ticket);
  }

  /** Whether every prompt was set aside, so that no group can start any more. */
  public boolean isExhausted() {
    return prompts.isExhausted();
  }

  /** The event that starts the next group. */
  public GroupStarted start(PromptTicket ticket, String worker) {
    return new GroupStarted(nextGroupId, ticket, worker);
  }

  /**
   * What a dead worker means for the groups that it held, oldest first: a group that another worker
   * samples too loses a copy, all others are dropped.
   */
  public List<LedgerEvent> lost(String worker) {
    List<LedgerEvent> events = new ArrayList<>();
    for (long id : flights.at(worker)) {
      events.add(
          flight(id).workers.size() > 1
              ? new CopyLost(id, worker)
              : new GroupDropped(id, Drop.WORKER_LOST));
    }
    return events;
  }

  /**
   * Groups that are too old for a batch of the current version, oldest first; ask before {@link
   * #batch()}.
   */
  public List<GroupDropped> stale() {
    return flights.withTokensBefore(version.number() - limits.maxStaleness()).stream()
        .map(id -> new GroupDropped(id, Drop.STALE))
        .toList();
  }

  /**
   * Groups that no batch can need any more now that one was taken: all others in the last step, and
   * in lock-step those that were issued beyond the batch.
   */
  public List<GroupDropped> surplus() {
    if (!isEnough() || flights.size() == flights.training().size()) {
      return List.of();
    }
    return flights.all().stream()
        .filter(flight -> flight.phase != Phase.TRAINING)
        .map(flight -> new GroupDropped(flight.id, Drop.SURPLUS))
        .toList();
  }

  /** Every group in flight, to be ended after a restart, oldest first. */
  public List<GroupDropped> restarted() {
    return flights.all().stream()
        .map(flight -> new GroupDropped(flight.id, Drop.RESTARTED))
        .toList();
  }

  /** Prompts that used up their budget and have to be set aside now. */
  public List<PromptSetAside> condemned() {
    return prompts.condemned();
  }

  /** The next batch, oldest group first; empty while groups are missing or a step is under way. */
  public Optional<BatchTaken> batch() {
    int wanted = limits.groupsPerStep();
    if (isTraining() || isComplete() || ready() < wanted) {
      return Optional.empty();
    }
    List<Long> ids =
        flights.ready().stream()
            .filter(flight -> age(flight.knownOldest()) <= limits.maxStaleness())
            .limit(wanted)
            .map(flight -> flight.id)
            .toList();
    return ids.size() < wanted
        ? Optional.empty()
        : Optional.of(new BatchTaken(completedSteps + 1, version, ids));
  }

  /** The lowest group that was cut and waits for a worker. */
  public Optional<Long> parked() {
    return Optional.ofNullable(flights.firstParked());
  }

  /**
   * Whether a second worker may be asked for a group: it is at exactly one other worker, and no
   * suspect, which would endanger the second worker too.
   */
  public boolean mayHedge(long groupId, String worker) {
    Flight flight = flights.find(groupId);
    return flight != null
        && flight.phase == Phase.GENERATING
        && flight.workers.size() < COPIES
        && !flight.workers.contains(worker)
        && !prompts.isSuspect(flight.ticket);
  }

  /** Whether a batch was taken and its step is not completed. */
  public boolean isTraining() {
    return !flights.training().isEmpty();
  }

  /** Whether all steps of the run are completed. */
  public boolean isComplete() {
    return completedSteps >= limits.steps();
  }

  /** Where a group is; empty when it ended or never started. */
  public Optional<GroupState> state(long groupId) {
    return Optional.ofNullable(flights.find(groupId)).map(Flight::state);
  }

  /** Whether a group is in a phase; false when it ended or never started. */
  public boolean isIn(Phase phase, long groupId) {
    Flight flight = flights.find(groupId);
    return flight != null && flight.phase == phase;
  }

  /** The prompt of a group in flight. */
  public PromptTicket ticket(long groupId) {
    return flight(groupId).ticket;
  }

  /** Index in the training set of the prompt that a ticket means. */
  public long prompt(PromptTicket ticket) {
    return prompts.index(ticket);
  }

  /** Prompts that are not issued any more, by index, with the reason; a view. */
  public Map<Long, String> setAside() {
    return prompts.setAside();
  }

  /** Versions between the oldest token of a group and the version being trained. */
  public long age(PolicyVersion oldest) {
    return version.staleness(oldest);
  }

  public PolicyVersion version() {
    return version;
  }

  public FlowLimits limits() {
    return limits;
  }

  public long completedSteps() {
    return completedSteps;
  }

  /** The last step of which a checkpoint is known; 0 for none, since the start weights are kept. */
  public long durableStep() {
    return durableStep;
  }

  public long maxStalenessSeen() {
    return maxStalenessSeen;
  }

  /** Groups that may be trained now or after the step under way. */
  public int ready() {
    return flights.ready().size();
  }

  public Account account() {
    return new Account(issued, trained, dropped, flights.size());
  }

  public LedgerSnapshot snapshot() {
    return new LedgerSnapshot(
        runSeed,
        limits,
        nextGroupId,
        completedSteps,
        durableStep,
        version,
        issued,
        trained,
        dropped,
        flights.all().stream()
            .map(flight -> new LedgerSnapshot.Flight(flight.id, flight.ticket, flight.state()))
            .toList(),
        maxStalenessSeen,
        prompts.state(),
        prompts.losses(),
        prompts.setAside());
  }

  // --- changes
  // -------------------------------------------------------------------------------------------------

  /**
   * Changes the state.
   *
   * @throws IllegalStateException if the event cannot follow; the state is then as before
   */
  public void apply(LedgerEvent event) {
    switch (event) {
      case RunStarted _ -> throw new IllegalStateException("the run has started already");
      case RunResumed resumed -> onResumed(resumed);
      case VersionPublished(PolicyVersion published, String _) ->
          require(
              published.equals(version),
              () -> published + " was published, the policy is " + version);
      case GroupStarted(long id, PromptTicket ticket, String worker) ->
          onStarted(id, ticket, worker);
      case GroupDispatched(long id, String worker) -> onDispatched(id, worker);
      case CopyLost(long id, String worker) -> onCopyLost(id, worker);
      case GroupCut(long id, String worker, PolicyVersion oldest) -> onCut(id, worker, oldest);
      case GroupGenerated(long id, String worker, PolicyVersion oldest, int _) ->
          onGenerated(id, worker, oldest);
      case GroupReady(long id) -> onReady(id);
      case GroupDropped(long id, Drop reason) -> onDropped(id, reason);
      case PromptSetAside aside -> prompts.setAside(aside);
      case BatchTaken taken -> onTaken(taken);
      case StepTrained(long step, PolicyVersion next) -> onTrained(step, next);
      case CheckpointWritten(long step) -> onCheckpoint(step);
      case SettingChanged changed -> onChanged(changed);
      case RunEnded _ -> {}
    }
  }

  private void onResumed(RunResumed resumed) {
    long step = resumed.step();
    require(
        flights.size() == 0,
        () ->
            "the run goes on from step " + step + " with " + flights.size() + " groups in flight");
    require(
        step >= forgottenStep && step <= completedSteps,
        () ->
            "the run goes on from step "
                + step
                + ", but the journal can only undo steps after "
                + forgottenStep
                + " and has "
                + completedSteps);
    require(
        resumed.version().number() == version.number() - (completedSteps - step)
            && resumed.version().term() > version.term(),
        () ->
            "the run goes on from step "
                + step
                + " with "
                + resumed.version()
                + ", the policy was "
                + version
                + " after step "
                + completedSteps);
    limit(resumed.limits());
    long undone = 0;
    for (List<PromptTicket> tickets : undoable.tailMap(step, false).values()) {
      tickets.forEach(prompts::giveBack);
      undone += tickets.size();
    }
    undoable.tailMap(step, false).clear();
    trained -= undone;
    if (undone > 0) {
      dropped.merge(Drop.UNDONE, undone, Long::sum);
    }
    completedSteps = step;
    durableStep = step; // its weights were read, whether or not the journal heard of them
    version = resumed.version();
  }

  private void onStarted(long id, PromptTicket ticket, String worker) {
    require(id == nextGroupId, () -> "group " + id + " starts, the next number is " + nextGroupId);
    require(
        mayStart(),
        () ->
            "group "
                + id
                + " starts although "
                + flights.size()
                + " are in flight after step "
                + completedSteps
                + (isTraining() ? ", a batch is in training" : "")
                + ", and the limit is "
                + limits.admitted(completedSteps));
    prompts.take(ticket);
    flights.add(new Flight(id, ticket, List.of(worker)));
    nextGroupId++;
    issued++;
  }

  private void onDispatched(long id, String worker) {
    Flight flight = flight(id);
    boolean hedge = flight.phase == Phase.GENERATING;
    require(
        flight.phase == Phase.PARKED || hedge && mayHedge(id, worker),
        () -> "group " + id + " was dispatched to " + worker + " while " + flight.state());
    List<String> workers = hedge ? List.of(flight.workers.getFirst(), worker) : List.of(worker);
    flights.move(flight, Phase.GENERATING, workers);
  }

  private void onCopyLost(long id, String worker) {
    Flight flight = generating(id, worker, "lost a copy");
    require(flight.workers.size() > 1, () -> "group " + id + " lost its only copy, at " + worker);
    List<String> left = flight.workers.stream().filter(each -> !each.equals(worker)).toList();
    flights.move(flight, Phase.GENERATING, left);
  }

  private void onCut(long id, String worker, PolicyVersion oldest) {
    Flight flight = generating(id, worker, "was cut");
    requireKnown(id, oldest);
    flights.move(flight, Phase.PARKED, List.of(), flight.older(oldest));
  }

  private void onGenerated(long id, String worker, PolicyVersion oldest) {
    Flight flight = generating(id, worker, "was generated");
    requireKnown(id, oldest);
    flights.move(flight, Phase.SCORING, List.of(), flight.older(oldest));
  }

  /** A token cannot come from a version that nobody made yet; a step under way may just be done. */
  private void requireKnown(long id, PolicyVersion oldest) {
    long newest = version.number() + (isTraining() ? 1 : 0);
    require(
        oldest.number() <= newest && oldest.term() <= version.term(),
        () -> "group " + id + " has tokens of " + oldest + ", the policy is " + version);
  }

  private Flight generating(long id, String worker, String deed) {
    Flight flight = flight(id);
    require(
        flight.phase == Phase.GENERATING && flight.workers.contains(worker),
        () -> "group " + id + " " + deed + " at " + worker + " while " + flight.state());
    return flight;
  }

  private void onReady(long id) {
    Flight flight = flight(id);
    require(
        flight.phase == Phase.SCORING,
        () -> "group " + id + " became ready while " + flight.state());
    flights.move(flight, Phase.READY, List.of());
  }

  private void onDropped(long id, Drop reason) {
    Flight flight = flight(id);
    Phase phase = flight.phase;
    boolean possible =
        switch (reason) {
          case WORKER_LOST -> phase == Phase.GENERATING && flight.workers.size() == 1;
          case ROLLOUT_FAILED -> phase == Phase.GENERATING;
          case REWARD_FAILED, FLAT -> phase == Phase.SCORING;
          case STALE -> phase != Phase.TRAINING && isStale(flight.oldest);
          case SURPLUS -> phase != Phase.TRAINING;
          case RESTARTED -> true;
          case UNDONE -> false; // only a resume undoes
        };
    require(
        possible, () -> "group " + id + " was dropped as " + reason + " while " + flight.state());
    flights.remove(flight);
    dropped.merge(reason, 1L, Long::sum);
    if (reason == Drop.WORKER_LOST) {
      prompts.blame(flight.ticket);
    }
    reissue(flight.ticket, reason)
        .ifPresentOrElse(prompts::giveBack, () -> prompts.end(flight.ticket));
  }

  private boolean isStale(@Nullable PolicyVersion oldest) {
    return oldest != null && age(oldest) > limits.maxStaleness();
  }

  /**
   * The ticket under which the prompt of a dropped group is issued again; empty when the group
   * failed for a reason of its prompt. After a restart the draws are repeated, otherwise they are
   * new.
   */
  public static Optional<PromptTicket> reissue(PromptTicket ticket, Drop reason) {
    return switch (reason) {
      case RESTARTED, UNDONE -> Optional.of(ticket);
      case WORKER_LOST, STALE, SURPLUS -> Optional.of(ticket.again());
      case ROLLOUT_FAILED, REWARD_FAILED, FLAT ->
          Optional.empty(); // it would end the same way again
    };
  }

  private void onTaken(BatchTaken taken) {
    require(
        !isTraining(),
        () -> "the batch of step " + taken.step() + " was taken while another is in training");
    require(
        taken.step() == completedSteps + 1 && !isComplete(),
        () ->
            "the batch of step "
                + taken.step()
                + " was taken after step "
                + completedSteps
                + " of "
                + limits.steps());
    require(
        taken.policy().equals(version),
        () -> "a batch for " + taken.policy() + " was taken, the policy is " + version);
    require(
        taken.groupIds().stream().distinct().count() == limits.groupsPerStep()
            && taken.groupIds().size() == limits.groupsPerStep(),
        () ->
            "the batch of step "
                + taken.step()
                + " has groups "
                + taken.groupIds()
                + ", not "
                + limits.groupsPerStep());
    long oldestAge = 0;
    for (long id : taken.groupIds()) {
      Flight flight = flight(id);
      require(
          flight.phase == Phase.READY,
          () -> "group " + id + " was taken for training while " + flight.state());
      long age = age(flight.knownOldest());
      require(
          age >= 0 && age <= limits.maxStaleness(),
          () ->
              "group "
                  + id
                  + " is "
                  + age
                  + " versions old in step "
                  + taken.step()
                  + ", the limit is "
                  + limits.maxStaleness());
      oldestAge = Math.max(oldestAge, age);
    }
    for (long id : taken.groupIds()) {
      flights.move(flight(id), Phase.TRAINING, List.of());
    }
    maxStalenessSeen = Math.max(maxStalenessSeen, oldestAge);
  }

  private void onTrained(long step, PolicyVersion next) {
    require(
        flights.training().size() == limits.groupsPerStep() && step == completedSteps + 1,
        () -> "step " + step + " was trained, but no whole batch was taken for it");
    require(next.equals(version.next()), () -> "step " + step + " made " + next + " of " + version);
    List<Flight> done = List.copyOf(flights.training());
    done.forEach(flights::remove);
    done.forEach(flight -> prompts.end(flight.ticket));
    undoable.put(step, done.stream().map(flight -> flight.ticket).toList());
    trained += done.size();
    completedSteps = step;
    version = next;
  }

  /** Steps up to the checkpoint before this one cannot be undone any more. */
  private void onCheckpoint(long step) {
    require(
        step <= completedSteps && step >= durableStep,
        () ->
            "a checkpoint of step "
                + step
                + " was written, the one before is of step "
                + durableStep
                + ", completed are "
                + completedSteps);
    if (step > durableStep) {
      long before = durableStep;
      durableStep = step;
      if (!remembersAll) {
        forgottenStep = Math.max(forgottenStep, before);
        undoable.headMap(forgottenStep, true).clear();
      }
    }
  }

  private void onChanged(SettingChanged changed) {
    PolicyVersion first = isTraining() ? version.next() : version;
    require(
        changed.from().equals(first),
        () ->
            changed.key()
                + " changes from "
                + changed.from()
                + " on, the next batch is of "
                + first);
    require(
        changed.limits().groupsPerStep() == limits.groupsPerStep(),
        () -> "the groups of a step cannot change while a run goes on");
    limit(changed.limits());
  }

  private void limit(FlowLimits changed) {
    limits = changed;
    prompts.limit(changed);
  }

  private Flight flight(long id) {
    Flight flight = flights.find(id);
    if (flight == null) {
      throw new IllegalStateException("group " + id + " is not in flight");
    }
    return flight;
  }

  private static void require(boolean holds, Supplier<String> otherwise) {
    if (!holds) {
      throw new IllegalStateException(otherwise.get());
    }
  }
}
