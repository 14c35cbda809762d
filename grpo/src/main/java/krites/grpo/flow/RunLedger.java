package krites.grpo.flow;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.GroupState.Generating;
import krites.grpo.flow.GroupState.Ready;
import krites.grpo.flow.GroupState.Scoring;
import krites.grpo.flow.GroupState.Training;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.StepTrained;

/**
 * Knows where every group of a run is. Its questions are answered with events; {@link #apply} is
 * the only way in which its state changes, and it refuses an event that breaks a promise.
 *
 * <p>Promises: every started group ends exactly once, trained or dropped with a reason; no trained
 * group is staler than the limit when its batch is taken; versions rise by one; at most one batch
 * is in training; never more groups are in flight than the staleness limit can use or the remaining
 * steps can need.
 *
 * <p>It knows no clock, no thread, no prompt and no response. Not thread safe.
 */
public final class RunLedger {
  private record Flight(PromptTicket ticket, GroupState state) {}

  private final FlowLimits limits;
  private final TreeMap<Long, Flight> flights = new TreeMap<>();
  private final EnumMap<Drop, Long> dropped = new EnumMap<>(Drop.class);
  private long nextGroupId = 1;
  private long issued;
  private long trained;
  private long completedSteps;
  private long maxStalenessSeen;
  private PolicyVersion version;

  /** An empty ledger whose first batch trains {@code version}. */
  public RunLedger(FlowLimits limits, PolicyVersion version) {
    this.limits = limits;
    this.version = version;
  }

  /**
   * A ledger that goes on from a snapshot; the groups in flight then have to be ended with {@link
   * #restarted()}.
   */
  public static RunLedger restore(FlowLimits limits, LedgerSnapshot snapshot) {
    RunLedger ledger = new RunLedger(limits, snapshot.version());
    snapshot
        .inFlight()
        .forEach(
            flight ->
                ledger.flights.put(
                    flight.groupId(), new Flight(flight.ticket(), new Generating(""))));
    ledger.dropped.putAll(snapshot.dropped());
    ledger.nextGroupId = snapshot.nextGroupId();
    ledger.issued = snapshot.issued();
    ledger.trained = snapshot.trained();
    ledger.completedSteps = snapshot.completedSteps();
    ledger.maxStalenessSeen = snapshot.maxStalenessSeen();
    return ledger;
  }

  // --- questions
  // -----------------------------------------------------------------------------------------------

  /** Whether one more group may start. */
  public boolean mayStart() {
    return flights.size() < limits.admitted(completedSteps);
  }

  /** The event that starts the next group. */
  public GroupStarted start(PromptTicket ticket, String worker) {
    return new GroupStarted(nextGroupId, ticket, worker);
  }

  /** Groups that a dead worker held, oldest first. */
  public List<GroupDropped> lost(String worker) {
    return drops(Drop.WORKER_LOST, state -> state.equals(new Generating(worker)));
  }

  /**
   * Groups that are too old for a batch of the current version, oldest first; ask before {@link
   * #batch()}.
   */
  public List<GroupDropped> stale() {
    return drops(
        Drop.STALE,
        state ->
            state instanceof Ready(PolicyVersion oldest) && age(oldest) > limits.maxStaleness());
  }

  /** Every group in flight, to be ended after a restart, oldest first. */
  public List<GroupDropped> restarted() {
    return drops(Drop.RESTARTED, state -> true);
  }

  /** The next batch, oldest group first; empty while groups are missing or a step is under way. */
  public Optional<BatchTaken> batch() {
    List<Long> ready =
        ids(
            state ->
                state instanceof Ready(PolicyVersion oldest)
                    && age(oldest) <= limits.maxStaleness());
    if (isTraining() || completedSteps >= limits.steps() || ready.size() < limits.groupsPerStep()) {
      return Optional.empty();
    }
    return Optional.of(
        new BatchTaken(completedSteps + 1, version, ready.subList(0, limits.groupsPerStep())));
  }

  /** Whether a batch was taken and its step is not completed. */
  public boolean isTraining() {
    return flights.values().stream().anyMatch(flight -> flight.state() instanceof Training);
  }

  /** Whether all steps of the run are completed. */
  public boolean isComplete() {
    return completedSteps >= limits.steps();
  }

  /** Where a group is; empty when it ended or never started. */
  public Optional<GroupState> state(long groupId) {
    return Optional.ofNullable(flights.get(groupId)).map(Flight::state);
  }

  /** The prompt of a group in flight. */
  public PromptTicket ticket(long groupId) {
    return flight(groupId).ticket();
  }

  /** Versions between the oldest token of a group and the version being trained. */
  public long age(PolicyVersion oldest) {
    return version.staleness(oldest);
  }

  public PolicyVersion version() {
    return version;
  }

  public long completedSteps() {
    return completedSteps;
  }

  public long maxStalenessSeen() {
    return maxStalenessSeen;
  }

  /** Groups that may be trained now or after the step under way. */
  public int ready() {
    return ids(state -> state instanceof Ready).size();
  }

  public Account account() {
    return new Account(issued, trained, dropped, flights.size());
  }

  public LedgerSnapshot snapshot() {
    List<LedgerSnapshot.Flight> inFlight = new ArrayList<>();
    flights.forEach((id, flight) -> inFlight.add(new LedgerSnapshot.Flight(id, flight.ticket())));
    return new LedgerSnapshot(
        nextGroupId, completedSteps, version, issued, trained, dropped, inFlight, maxStalenessSeen);
  }

  /**
   * The ticket under which the prompt of a dropped group is issued again; empty when the group
   * failed for a reason of its prompt. After a restart the draws are repeated, otherwise they are
   * new.
   */
  public static Optional<PromptTicket> reissue(PromptTicket ticket, Drop reason) {
    return switch (reason) {
      case RESTARTED -> Optional.of(ticket);
      case WORKER_LOST, STALE -> Optional.of(ticket.again());
      case ROLLOUT_FAILED, REWARD_FAILED, FLAT ->
          Optional.empty(); // it would end the same way again
    };
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
      case GroupStarted(long id, PromptTicket ticket, String worker) ->
          onStarted(id, ticket, worker);
      case GroupGenerated(long id, PolicyVersion oldest) -> onGenerated(id, oldest);
      case GroupReady(long id) -> onReady(id);
      case GroupDropped(long id, Drop reason) -> onDropped(id, reason);
      case BatchTaken taken -> onTaken(taken);
      case StepTrained(long step, PolicyVersion next) -> onTrained(step, next);
    }
  }

  private void onStarted(long id, PromptTicket ticket, String worker) {
    require(id == nextGroupId, "group " + id + " starts, the next number is " + nextGroupId);
    require(
        mayStart(),
        "group "
            + id
            + " starts although "
            + flights.size()
            + " are in flight, the limit is "
            + limits.admitted(completedSteps));
    flights.put(id, new Flight(ticket, new Generating(worker)));
    nextGroupId++;
    issued++;
  }

  private void onGenerated(long id, PolicyVersion oldest) {
    Flight flight = flight(id);
    require(
        flight.state() instanceof Generating,
        "group " + id + " was generated while " + flight.state());
    flights.put(id, new Flight(flight.ticket(), new Scoring(oldest)));
  }

  private void onReady(long id) {
    Flight flight = flight(id);
    if (!(flight.state() instanceof Scoring(PolicyVersion oldest))) {
      throw new IllegalStateException("group " + id + " became ready while " + flight.state());
    }
    flights.put(id, new Flight(flight.ticket(), new Ready(oldest)));
  }

  private void onDropped(long id, Drop reason) {
    GroupState state = flight(id).state();
    boolean possible =
        switch (reason) {
          case WORKER_LOST, ROLLOUT_FAILED -> state instanceof Generating;
          case REWARD_FAILED, FLAT -> state instanceof Scoring;
          case STALE -> state instanceof Ready;
          case RESTARTED -> true;
        };
    require(possible, "group " + id + " was dropped as " + reason + " while " + state);
    flights.remove(id);
    dropped.merge(reason, 1L, Long::sum);
  }

  private void onTaken(BatchTaken taken) {
    require(
        !isTraining(),
        "the batch of step " + taken.step() + " was taken while another is in training");
    require(
        taken.step() == completedSteps + 1 && !isComplete(),
        "the batch of step "
            + taken.step()
            + " was taken after step "
            + completedSteps
            + " of "
            + limits.steps());
    require(
        taken.policy().equals(version),
        "a batch for " + taken.policy() + " was taken, the policy is " + version);
    require(
        taken.groupIds().stream().distinct().count() == limits.groupsPerStep()
            && taken.groupIds().size() == limits.groupsPerStep(),
        "the batch of step "
            + taken.step()
            + " has groups "
            + taken.groupIds()
            + ", not "
            + limits.groupsPerStep());
    Map<Long, Flight> taking = new TreeMap<>();
    long oldestAge = 0;
    for (long id : taken.groupIds()) {
      Flight flight = flight(id);
      if (!(flight.state() instanceof Ready(PolicyVersion oldest))) {
        throw new IllegalStateException(
            "group " + id + " was taken for training while " + flight.state());
      }
      long age = age(oldest);
      require(
          age >= 0 && age <= limits.maxStaleness(),
          "group "
              + id
              + " is "
              + age
              + " versions old in step "
              + taken.step()
              + ", the limit is "
              + limits.maxStaleness());
      oldestAge = Math.max(oldestAge, age);
      taking.put(id, new Flight(flight.ticket(), new Training(oldest)));
    }
    flights.putAll(taking);
    maxStalenessSeen = Math.max(maxStalenessSeen, oldestAge);
  }

  private void onTrained(long step, PolicyVersion next) {
    require(
        isTraining() && step == completedSteps + 1,
        "step " + step + " was trained, but no batch was taken for it");
    require(next.equals(version.next()), "step " + step + " made " + next + " of " + version);
    trained +=
        flights.values().stream().filter(flight -> flight.state() instanceof Training).count();
    flights.values().removeIf(flight -> flight.state() instanceof Training);
    completedSteps = step;
    version = next;
  }

  private Flight flight(long id) {
    Flight flight = flights.get(id);
    if (flight == null) {
      throw new IllegalStateException("group " + id + " is not in flight");
    }
    return flight;
  }

  private List<GroupDropped> drops(Drop reason, Predicate<GroupState> which) {
    return ids(which).stream().map(id -> new GroupDropped(id, reason)).toList();
  }

  private List<Long> ids(Predicate<GroupState> which) {
    return flights.entrySet().stream()
        .filter(entry -> which.test(entry.getValue().state()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalStateException(otherwise);
    }
  }
}
