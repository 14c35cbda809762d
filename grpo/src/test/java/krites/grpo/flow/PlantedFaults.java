package krites.grpo.flow;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

/** Faults to plant into a sound journal, each with the promise that it breaks. */
final class PlantedFaults {
  /** Events in place of one event; empty where the fault cannot be planted. */
  interface Planter {
    Optional<List<LedgerEvent>> instead(LedgerEvent event, RunLedger before);
  }

  record Fault(String name, Promise promise, Planter planter) {
    @Override
    public String toString() {
      return name;
    }
  }

  private PlantedFaults() {}

  static List<Fault> all() {
    List<Fault> faults = new ArrayList<>(ofStarts());
    faults.addAll(ofPrompts());
    faults.addAll(ofGroups());
    faults.addAll(ofSteps());
    faults.addAll(ofRuns());
    return faults;
  }

  private static List<Fault> ofStarts() {
    return List.of(
        fault(
            "a second start of the run",
            Promise.BEGINS_ONCE,
            (event, ledger) ->
                both(
                    new RunStarted(1, 9, PromptMix.NONE, ledger.limits(), ledger.version()),
                    event)),
        start(
            "a number used again",
            Promise.GROUP_NUMBERS,
            (start, ledger) ->
                changed(new GroupStarted(start.groupId() - 1, start.ticket(), start.worker()))),
        start(
            "a number left out",
            Promise.GROUP_NUMBERS,
            (start, ledger) ->
                changed(new GroupStarted(start.groupId() + 1, start.ticket(), start.worker()))),
        fault(
            "a group too many",
            Promise.ADMISSION,
            (event, ledger) ->
                ledger.mayStart() || ledger.isExhausted()
                    ? none()
                    : both(ledger.start(ledger.due(), "worker"), event)),
        start(
            "a place left out",
            Promise.PLACE_ORDER,
            (start, ledger) ->
                start.ticket().number() == position(ledger)
                    ? ticket(start, new PromptTicket(position(ledger) + 1, 0))
                    : none()),
        start(
            "a place in flight once more",
            Promise.PLACE_ONCE,
            (start, ledger) ->
                ledger.snapshot().inFlight().stream()
                    .findFirst()
                    .flatMap(flight -> ticket(start, flight.ticket()))),
        start(
            "a place that ended once more",
            Promise.PLACE_ONCE,
            (start, ledger) -> endedPlace(ledger).flatMap(ended -> ticket(start, ended))),
        start(
            "an attempt left out",
            Promise.PLACE_ONCE,
            (start, ledger) -> ticket(start, start.ticket().again())),
        start(
            "a new place before one that came back",
            Promise.RETURNED_FIRST,
            (start, ledger) ->
                start.ticket().number() < position(ledger)
                        && start.ticket().equals(ledger.due())
                        && ledger.skip(new PromptTicket(position(ledger), 0)).isEmpty()
                    ? ticket(start, new PromptTicket(position(ledger), 0))
                    : none()));
  }

  private static List<Fault> ofPrompts() {
    return List.of(
        aside(
            "a prompt beyond its budget issued",
            Promise.CONDEMNED_WAITS,
            (aside, ledger) ->
                ledger.mayStart() && ledger.condemned().contains(aside)
                    ? changed(ledger.start(aside.ticket(), "worker"))
                    : none()),
        aside(
            "a prompt that was set aside issued",
            Promise.SET_ASIDE_WAITS,
            (aside, ledger) ->
                ledger.mayStart() && aside.ticket().equals(ledger.due())
                    ? changed(ledger.start(aside.ticket(), "worker"))
                    : none()),
        start(
            "a prompt set aside for nothing",
            Promise.SET_ASIDE_REASON,
            (start, ledger) ->
                changed(
                    new PromptSetAside(
                        start.ticket(), ledger.prompt(start.ticket()), "for nothing"))),
        aside(
            "another prompt set aside",
            Promise.SET_ASIDE_REASON,
            (aside, ledger) ->
                changed(new PromptSetAside(aside.ticket(), aside.prompt() + 1, aside.reason()))),
        aside(
            "a place in flight set aside",
            Promise.PLACE_ONCE,
            (aside, ledger) ->
                ledger.snapshot().inFlight().stream()
                    .findFirst()
                    .flatMap(
                        flight ->
                            changed(
                                new PromptSetAside(
                                    flight.ticket(), aside.prompt(), aside.reason())))),
        aside(
            "a batch before a prompt beyond its budget is set aside",
            Promise.SET_ASIDE_IN_TIME,
            (aside, ledger) ->
                ledger.condemned().contains(aside)
                    ? ledger.batch().flatMap(batch -> both(batch, aside))
                    : none()));
  }

  private static List<Fault> ofGroups() {
    return List.of(
        fault(
            "a group that ends twice",
            Promise.IN_FLIGHT,
            (event, ledger) -> event instanceof GroupDropped ? both(event, event) : none()),
        fault(
            "a group ready after its end",
            Promise.IN_FLIGHT,
            (event, ledger) ->
                event instanceof GroupDropped drop
                    ? both(event, new GroupReady(drop.groupId()))
                    : none()),
        fault(
            "a group ready twice",
            Promise.PHASE,
            (event, ledger) -> event instanceof GroupReady ? both(event, event) : none()),
        fault(
            "a group generated twice",
            Promise.PHASE,
            (event, ledger) -> event instanceof GroupGenerated ? both(event, event) : none()),
        fault(
            "a group ready before it is generated",
            Promise.PHASE,
            (event, ledger) ->
                event instanceof GroupGenerated generated
                    ? both(new GroupReady(generated.groupId()), event)
                    : none()),
        fault(
            "a group of a stranger",
            Promise.WORKER,
            (event, ledger) ->
                event instanceof GroupGenerated(long id, String _, PolicyVersion oldest, int tokens)
                    ? changed(new GroupGenerated(id, "stranger", oldest, tokens))
                    : none()),
        fault(
            "a cut by a stranger",
            Promise.WORKER,
            (event, ledger) ->
                event instanceof GroupCut(long id, String _, PolicyVersion oldest)
                    ? changed(new GroupCut(id, "stranger", oldest))
                    : none()),
        fault(
            "a third copy",
            Promise.COPIES,
            (event, ledger) ->
                event instanceof GroupDispatched(long id, String _)
                        && ledger.isIn(Phase.GENERATING, id)
                    ? both(event, new GroupDispatched(id, "third"))
                    : none()),
        fault(
            "a second copy at the same worker",
            Promise.COPIES,
            (event, ledger) ->
                event instanceof GroupStarted start
                    ? both(event, new GroupDispatched(start.groupId(), start.worker()))
                    : none()),
        fault(
            "a second copy of a suspect",
            Promise.COPIES,
            (event, ledger) ->
                event instanceof GroupStarted start && ledger.isSuspect(start.ticket())
                    ? both(event, new GroupDispatched(start.groupId(), "second"))
                    : none()),
        fault(
            "the only copy lost",
            Promise.COPIES,
            (event, ledger) ->
                event instanceof GroupStarted start
                    ? both(event, new CopyLost(start.groupId(), start.worker()))
                    : none()),
        fault(
            "tokens of a version to come",
            Promise.KNOWN_VERSION,
            (event, ledger) ->
                event instanceof GroupGenerated(long id, String worker, PolicyVersion _, int tokens)
                    ? changed(
                        new GroupGenerated(id, worker, ledger.version().next().next(), tokens))
                    : none()),
        fault(
            "tokens of a term to come",
            Promise.KNOWN_VERSION,
            (event, ledger) ->
                event instanceof GroupCut(long id, String worker, PolicyVersion oldest)
                    ? changed(
                        new GroupCut(
                            id,
                            worker,
                            new PolicyVersion(ledger.version().term() + 1, oldest.number())))
                    : none()),
        fault(
            "a fresh group dropped as stale",
            Promise.REASON,
            (event, ledger) ->
                event instanceof GroupReady(long id)
                        && ledger.age(oldest(ledger, id)) <= ledger.limits().maxStaleness()
                    ? both(event, new GroupDropped(id, Drop.STALE))
                    : none()),
        reason("a group of a worker that lost it after handing it in", Drop.WORKER_LOST),
        reason("a failed rollout of a group that is there", Drop.ROLLOUT_FAILED),
        reason("a loss that only a resume can make", Drop.UNDONE),
        fault(
            "a reward that fails before there is a response",
            Promise.REASON,
            (event, ledger) ->
                event instanceof GroupStarted start
                    ? both(event, new GroupDropped(start.groupId(), Drop.REWARD_FAILED))
                    : none()),
        fault(
            "a part of a batch is surplus",
            Promise.REASON,
            (event, ledger) ->
                event instanceof BatchTaken batch
                    ? both(event, new GroupDropped(batch.groupIds().getFirst(), Drop.SURPLUS))
                    : none()));
  }

  private static List<Fault> ofSteps() {
    return List.of(
        fault(
            "a second batch",
            Promise.ONE_BATCH,
            (event, ledger) -> event instanceof BatchTaken ? both(event, event) : none()),
        batch(
            "a batch that is short",
            Promise.BATCH_SIZE,
            (batch, ledger) -> groups(batch, batch.groupIds().subList(1, batch.groupIds().size()))),
        batch(
            "a batch that names a group twice",
            Promise.BATCH_SIZE,
            (batch, ledger) ->
                batch.groupIds().size() < 2 ? none() : with(batch, batch.groupIds().get(1))),
        batch(
            "a batch for a step left out",
            Promise.BATCH_STEP,
            (batch, ledger) ->
                changed(new BatchTaken(batch.step() + 1, batch.policy(), batch.groupIds()))),
        batch(
            "a batch for another version",
            Promise.BATCH_STEP,
            (batch, ledger) ->
                changed(new BatchTaken(batch.step(), batch.policy().next(), batch.groupIds()))),
        batch(
            "a batch with a group that is not ready",
            Promise.PHASE,
            (batch, ledger) ->
                ledger.snapshot().inFlight().stream()
                    .filter(flight -> flight.state().phase() != Phase.READY)
                    .findFirst()
                    .flatMap(flight -> with(batch, flight.groupId()))),
        batch(
            "a batch with a group that ended",
            Promise.IN_FLIGHT,
            (batch, ledger) -> with(batch, 1_000_000L)),
        batch(
            "a batch with a stale group",
            Promise.AGE,
            (batch, ledger) ->
                ledger.age(oldest(ledger, batch.groupIds().getFirst())) == 0
                    ? none()
                    : both(
                        new SettingChanged(
                            "async.max-staleness",
                            "1",
                            "0",
                            ledger.version(),
                            ledger.limits().withMaxStaleness(0)),
                        batch)),
        step("a step twice", Promise.STEP, (trained, ledger) -> both(trained, trained)),
        step(
            "a step left out",
            Promise.STEP,
            (trained, ledger) -> changed(new StepTrained(trained.step() + 1, trained.version()))),
        fault(
            "a step without a batch",
            Promise.STEP,
            (event, ledger) ->
                event instanceof BatchTaken batch
                    ? changed(new StepTrained(batch.step(), batch.policy().next()))
                    : none()),
        step(
            "a version that jumps",
            Promise.VERSION,
            (trained, ledger) ->
                changed(new StepTrained(trained.step(), trained.version().next()))),
        step(
            "a version that stands still",
            Promise.VERSION,
            (trained, ledger) -> changed(new StepTrained(trained.step(), ledger.version()))),
        step(
            "a term that rises with a step",
            Promise.VERSION,
            (trained, ledger) ->
                changed(
                    new StepTrained(
                        trained.step(),
                        new PolicyVersion(
                            trained.version().term() + 1, trained.version().number())))),
        fault(
            "another version published",
            Promise.PUBLISHED,
            (event, ledger) ->
                event instanceof VersionPublished(PolicyVersion version, String digest)
                    ? changed(new VersionPublished(version.next(), digest))
                    : none()),
        fault(
            "a checkpoint of a step to come",
            Promise.CHECKPOINT,
            (event, ledger) ->
                event instanceof CheckpointWritten
                    ? changed(new CheckpointWritten(ledger.completedSteps() + 1))
                    : none()),
        fault(
            "a checkpoint older than the one before",
            Promise.CHECKPOINT,
            (event, ledger) ->
                ledger.durableStep() > 0
                    ? both(new CheckpointWritten(ledger.durableStep() - 1), event)
                    : none()));
  }

  private static List<Fault> ofRuns() {
    return List.of(
        resume(
            "a run that goes on with a group in flight",
            Promise.RESUME_EMPTY,
            (resumed, ledger) ->
                ledger.mayStart() && ledger.skip(ledger.due()).isEmpty()
                    ? both(ledger.start(ledger.due(), "worker"), resumed)
                    : none()),
        resume(
            "a run that goes on from a step to come",
            Promise.RESUME_STEP,
            (resumed, ledger) -> changed(from(resumed, ledger.completedSteps() + 1))),
        resume(
            "a run that goes on from a step long gone",
            Promise.RESUME_STEP,
            (resumed, ledger) -> changed(from(resumed, -1))),
        resume(
            "a run that goes on with another version",
            Promise.RESUME_VERSION,
            (resumed, ledger) -> changed(under(resumed, resumed.version().next()))),
        resume(
            "a run that goes on under the same term",
            Promise.TERM,
            (resumed, ledger) ->
                changed(
                    under(
                        resumed,
                        new PolicyVersion(ledger.version().term(), resumed.version().number())))),
        resume(
            "a run whose steps have another size",
            Promise.CLOSES,
            (resumed, ledger) ->
                resumed.step() == 0
                    ? none()
                    : changed(
                        new RunResumed(
                            resumed.step(), resumed.version(), larger(resumed.limits())))),
        change(
            "a change that comes late",
            Promise.CHANGE,
            (change, ledger) -> changed(from(change, change.from().next(), change.limits()))),
        change(
            "a change in the past",
            Promise.CHANGE,
            (change, ledger) ->
                change.from().number() == 0
                    ? none()
                    : changed(
                        from(
                            change,
                            new PolicyVersion(change.from().term(), change.from().number() - 1),
                            change.limits()))),
        change(
            "a change of the size of a step",
            Promise.CHANGE,
            (change, ledger) -> changed(from(change, change.from(), larger(change.limits())))),
        fault(
            "a run that claims to be complete",
            Promise.COMPLETE,
            (event, ledger) ->
                event instanceof RunEnded && ledger.isComplete()
                    ? both(
                        new RunResumed(
                            ledger.completedSteps(),
                            new PolicyVersion(
                                ledger.version().term() + 1, ledger.version().number()),
                            longer(ledger.limits())),
                        event)
                    : none()),
        fault(
            "a limit nobody was told",
            Promise.AGREES,
            (event, ledger) ->
                event instanceof RunEnded && ledger.isComplete()
                    ? both(
                        new SettingChanged(
                            "async.max-staleness",
                            "1",
                            "99",
                            ledger.version(),
                            ledger.limits().withMaxStaleness(99)),
                        event)
                    : none()));
  }

  // --- planting
  // ------------------------------------------------------------------------------------------------

  private interface Change<E extends LedgerEvent> {
    Optional<List<LedgerEvent>> instead(E event, RunLedger before);
  }

  private static Fault fault(String name, Promise promise, Planter planter) {
    return new Fault(name, promise, planter);
  }

  private static <E extends LedgerEvent> Fault only(
      Class<E> kind, String name, Promise promise, Change<E> change) {
    return new Fault(
        name,
        promise,
        (event, ledger) ->
            kind.isInstance(event) ? change.instead(kind.cast(event), ledger) : none());
  }

  private static Fault start(String name, Promise promise, Change<GroupStarted> change) {
    return only(GroupStarted.class, name, promise, change);
  }

  private static Fault aside(String name, Promise promise, Change<PromptSetAside> change) {
    return only(PromptSetAside.class, name, promise, change);
  }

  private static Fault batch(String name, Promise promise, Change<BatchTaken> change) {
    return only(BatchTaken.class, name, promise, change);
  }

  private static Fault step(String name, Promise promise, Change<StepTrained> change) {
    return only(StepTrained.class, name, promise, change);
  }

  private static Fault resume(String name, Promise promise, Change<RunResumed> change) {
    return only(RunResumed.class, name, promise, change);
  }

  private static Fault change(String name, Promise promise, Change<SettingChanged> change) {
    return only(SettingChanged.class, name, promise, change);
  }

  private static Fault reason(String name, Drop reason) {
    return only(
        GroupReady.class,
        name,
        Promise.REASON,
        (ready, ledger) -> both(ready, new GroupDropped(ready.groupId(), reason)));
  }

  private static Optional<List<LedgerEvent>> none() {
    return Optional.empty();
  }

  private static Optional<List<LedgerEvent>> changed(LedgerEvent event) {
    return Optional.of(List.of(event));
  }

  private static Optional<List<LedgerEvent>> both(LedgerEvent first, LedgerEvent second) {
    return Optional.of(List.of(first, second));
  }

  private static Optional<List<LedgerEvent>> ticket(GroupStarted start, PromptTicket ticket) {
    return changed(new GroupStarted(start.groupId(), ticket, start.worker()));
  }

  private static Optional<List<LedgerEvent>> groups(BatchTaken batch, List<Long> ids) {
    return changed(new BatchTaken(batch.step(), batch.policy(), ids));
  }

  private static Optional<List<LedgerEvent>> with(BatchTaken batch, long first) {
    List<Long> ids = new ArrayList<>(batch.groupIds());
    ids.set(0, first);
    return groups(batch, ids);
  }

  private static RunResumed from(RunResumed resumed, long step) {
    return new RunResumed(step, resumed.version(), resumed.limits());
  }

  private static RunResumed under(RunResumed resumed, PolicyVersion version) {
    return new RunResumed(resumed.step(), version, resumed.limits());
  }

  private static SettingChanged from(SettingChanged change, PolicyVersion from, FlowLimits limits) {
    return new SettingChanged(change.key(), change.before(), change.after(), from, limits);
  }

  private static FlowLimits larger(FlowLimits limits) {
    return new FlowLimits(
        limits.steps(),
        limits.groupsPerStep() + 1,
        limits.maxStaleness(),
        limits.overIssue(),
        limits.retryBudget(),
        limits.poisonLimit());
  }

  private static FlowLimits longer(FlowLimits limits) {
    return new FlowLimits(
        limits.steps() + 1,
        limits.groupsPerStep(),
        limits.maxStaleness(),
        limits.overIssue(),
        limits.retryBudget(),
        limits.poisonLimit());
  }

  private static long position(RunLedger ledger) {
    return ledger.snapshot().cursor().position();
  }

  private static PolicyVersion oldest(RunLedger ledger, long groupId) {
    PolicyVersion oldest = ledger.state(groupId).orElseThrow().oldest();
    return oldest == null ? ledger.version() : oldest;
  }

  private static Optional<PromptTicket> endedPlace(RunLedger ledger) {
    LedgerSnapshot now = ledger.snapshot();
    for (long number = 0; number < now.cursor().position(); number++) {
      long each = number;
      if (now.cursor().returned().stream().noneMatch(ticket -> ticket.number() == each)
          && now.inFlight().stream().noneMatch(flight -> flight.ticket().number() == each)) {
        return Optional.of(new PromptTicket(number, 0));
      }
    }
    return Optional.empty();
  }

  /** Snapshots that differ from a sound one in one place. */
  static Map<String, LedgerSnapshot> tampered(LedgerSnapshot s) {
    CursorState cursor = s.cursor();
    return Map.of(
        "seed", with(s, s.runSeed() + 1, s.durableStep(), cursor, s.losses(), s.setAside()),
        "position",
            with(
                s,
                s.runSeed(),
                s.durableStep(),
                new CursorState(
                    cursor.size(), cursor.mix(), cursor.position() + 1, cursor.returned()),
                s.losses(),
                s.setAside()),
        "returned",
            with(
                s,
                s.runSeed(),
                s.durableStep(),
                new CursorState(
                    cursor.size(),
                    cursor.mix(),
                    cursor.position(),
                    List.of(new PromptTicket(999, 0))),
                s.losses(),
                s.setAside()),
        "losses", with(s, s.runSeed(), s.durableStep(), cursor, Map.of(999L, 1), s.setAside()),
        "set aside", with(s, s.runSeed(), s.durableStep(), cursor, s.losses(), Map.of(999L, "x")));
  }

  private static LedgerSnapshot with(
      LedgerSnapshot s,
      long seed,
      long durable,
      CursorState cursor,
      Map<Long, Integer> losses,
      Map<Long, String> setAside) {
    return new LedgerSnapshot(
        seed,
        s.limits(),
        s.nextGroupId(),
        s.completedSteps(),
        durable,
        s.version(),
        s.issued(),
        s.trained(),
        s.dropped(),
        s.inFlight(),
        s.maxStalenessSeen(),
        cursor,
        losses,
        setAside);
  }
}
