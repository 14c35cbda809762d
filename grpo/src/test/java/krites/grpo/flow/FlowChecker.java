package krites.grpo.flow;

import static krites.grpo.flow.GroupState.Phase.GENERATING;
import static krites.grpo.flow.GroupState.Phase.PARKED;
import static krites.grpo.flow.GroupState.Phase.READY;
import static krites.grpo.flow.GroupState.Phase.SCORING;
import static krites.grpo.flow.GroupState.Phase.TRAINING;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
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
 * A second opinion on a journal: reads events as a suspicious person would, with no code of the
 * ledger, and names the first {@link Promise} that is broken. It is told which prompt a ticket
 * means, which is no decision; that every prompt has its turn is tested with the cursor.
 */
final class FlowChecker {
  /** Where a place in the order of prompts is; always exactly one of these. */
  private enum Whereabouts {
    IN_FLIGHT,
    RETURNED,
    TRAINED,
    FAILED,
    SET_ASIDE
  }

  private static final class Place {
    private Whereabouts at = Whereabouts.IN_FLIGHT;
    private int attempt;
    private int deaths;
  }

  private static final class Group {
    private final PromptTicket ticket;
    private Phase phase = GENERATING;
    private final List<String> workers = new ArrayList<>();
    private @Nullable PolicyVersion oldest;

    private Group(PromptTicket ticket) {
      this.ticket = ticket;
    }
  }

  private final ToLongFunction<PromptTicket> promptOf;
  private final Map<Long, Group> inFlight = new TreeMap<>();
  private final List<Place> places = new ArrayList<>();
  private final Map<Long, List<Long>> trainedIn = new HashMap<>(); // numbers of places, by step
  private final Set<Long> asidePrompts = new HashSet<>();
  private final Map<Drop, Long> dropped = new TreeMap<>();
  private final Map<Whereabouts, Integer> whereabouts = new TreeMap<>();
  private @Nullable RunStarted begin;
  private FlowLimits limits = FlowLimits.of(0, 1, 0);
  private PolicyVersion version = new PolicyVersion(0, 0);
  private long issued;
  private long trained;
  private long step;
  private long newestCheckpoint;
  private long secondCheckpoint;
  private int training;

  FlowChecker(ToLongFunction<PromptTicket> promptOf) {
    this.promptOf = promptOf;
  }

  /** The checker after a whole journal. */
  static FlowChecker after(List<LedgerEvent> journal, ToLongFunction<PromptTicket> promptOf) {
    FlowChecker checker = new FlowChecker(promptOf);
    journal.forEach(checker::check);
    return checker;
  }

  void check(LedgerEvent event) {
    Promise.BEGINS_ONCE.require((begin == null) == event instanceof RunStarted, event);
    switch (event) {
      case RunStarted started -> {
        begin = started;
        limits = started.limits();
        version = started.version();
      }
      case RunResumed resumed -> resumed(resumed);
      case VersionPublished published ->
          Promise.PUBLISHED.require(published.version().equals(version), event);
      case GroupStarted start -> started(start);
      case GroupDispatched(long id, String worker) -> {
        Group group = group(id, event);
        Promise.PHASE.require(group.phase == PARKED || group.phase == GENERATING, event);
        Promise.COPIES.require(group.workers.size() < 2 && !group.workers.contains(worker), event);
        Promise.COPIES.require(group.workers.isEmpty() || !isSuspect(group.ticket), event);
        group.phase = GENERATING;
        group.workers.add(worker);
      }
      case CopyLost(long id, String worker) -> {
        Group group = generating(id, worker, event);
        Promise.COPIES.require(group.workers.size() == 2, event);
        group.workers.remove(worker);
      }
      case GroupCut(long id, String worker, PolicyVersion oldest) ->
          handedIn(generating(id, worker, event), PARKED, oldest, event);
      case GroupGenerated(long id, String worker, PolicyVersion oldest, int _) ->
          handedIn(generating(id, worker, event), SCORING, oldest, event);
      case GroupReady(long id) -> {
        Promise.PHASE.require(group(id, event).phase == SCORING, event);
        group(id, event).phase = READY;
      }
      case GroupDropped drop -> dropped(drop);
      case PromptSetAside aside -> setAside(aside);
      case BatchTaken batch -> taken(batch);
      case StepTrained(long number, PolicyVersion next) -> {
        Promise.STEP.require(training == limits.groupsPerStep() && number == step + 1, event);
        Promise.VERSION.require(
            next.term() == version.term() && next.number() == version.number() + 1, event);
        trained(number);
        version = next;
      }
      case CheckpointWritten(long number) -> {
        Promise.CHECKPOINT.require(number <= step && number >= newestCheckpoint, event);
        if (number > newestCheckpoint) {
          secondCheckpoint = Math.max(secondCheckpoint, newestCheckpoint);
          newestCheckpoint = number;
        }
      }
      case SettingChanged change -> {
        long next = version.number() + (training > 0 ? 1 : 0);
        Promise.CHANGE.require(
            change.from().number() == next
                && change.from().term() == version.term()
                && change.limits().groupsPerStep() == limits.groupsPerStep(),
            event);
        limits = change.limits();
      }
      case RunEnded _ -> {}
    }
    balance(event);
  }

  // --- facts
  // ---------------------------------------------------------------------------------------------------

  private void started(GroupStarted event) {
    Promise.GROUP_NUMBERS.require(event.groupId() == issued + 1, event);
    boolean enough = training > 0 && (limits.maxStaleness() == 0 || step + 1 >= limits.steps());
    long useful = Math.min(limits.maxStaleness() + 1L, limits.steps() - step);
    long bound = useful * limits.groupsPerStep() + limits.overIssue();
    Promise.ADMISSION.require(useful > 0 && !enough && inFlight.size() < bound, event);
    PromptTicket ticket = event.ticket();
    Promise.PLACE_ORDER.require(ticket.number() <= places.size(), event);
    boolean fresh = ticket.number() == places.size();
    Promise.PLACE_ONCE.require(
        fresh
            ? ticket.attempt() == 0
            : place(ticket).at == Whereabouts.RETURNED && place(ticket).attempt == ticket.attempt(),
        event);
    if (fresh) {
      places.add(new Place());
      whereabouts.merge(Whereabouts.IN_FLIGHT, 1, Integer::sum);
    }
    Promise.CONDEMNED_WAITS.require(!isCondemned(ticket), event);
    Promise.SET_ASIDE_WAITS.require(!asidePrompts.contains(promptOf.applyAsLong(ticket)), event);
    if (!isSuspect(ticket)) {
      for (int number = 0; number < ticket.number(); number++) {
        Place other = places.get(number);
        PromptTicket lower = new PromptTicket(number, other.attempt);
        Promise.RETURNED_FIRST.require(
            other.at != Whereabouts.RETURNED || isSuspect(lower) || isCondemned(lower), event);
      }
    }
    move(ticket, Whereabouts.IN_FLIGHT);
    Group group = new Group(ticket);
    group.workers.add(event.worker());
    inFlight.put(event.groupId(), group);
    issued++;
  }

  private void handedIn(Group group, Phase phase, PolicyVersion oldest, LedgerEvent event) {
    long newest = version.number() + (training > 0 ? 1 : 0);
    Promise.KNOWN_VERSION.require(
        oldest.number() <= newest && oldest.term() <= version.term(), event);
    PolicyVersion known = group.oldest;
    if (known == null || oldest.number() < known.number()) {
      group.oldest = oldest;
    }
    group.phase = phase;
    group.workers.clear();
  }

  private void dropped(GroupDropped event) {
    Group group = group(event.groupId(), event);
    PolicyVersion oldest = group.oldest;
    Phase phase = group.phase;
    boolean fits =
        switch (event.reason()) {
          case STALE ->
              phase != TRAINING
                  && oldest != null
                  && version.number() - oldest.number() > limits.maxStaleness();
          case WORKER_LOST -> group.workers.size() == 1;
          case ROLLOUT_FAILED -> phase == GENERATING;
          case REWARD_FAILED, FLAT -> phase == SCORING;
          case SURPLUS -> phase != TRAINING;
          case RESTARTED -> true;
          case UNDONE -> false;
        };
    Promise.REASON.require(fits, event);
    inFlight.remove(event.groupId());
    training -= phase == TRAINING ? 1 : 0;
    dropped.merge(event.reason(), 1L, Long::sum);
    Place place = place(group.ticket);
    switch (event.reason()) {
      case STALE, WORKER_LOST, SURPLUS -> {
        place.attempt++;
        place.deaths += event.reason() == Drop.WORKER_LOST ? 1 : 0;
        move(group.ticket, Whereabouts.RETURNED);
      }
      case RESTARTED -> move(group.ticket, Whereabouts.RETURNED);
      case ROLLOUT_FAILED, REWARD_FAILED, FLAT -> end(group.ticket, Whereabouts.FAILED);
      case UNDONE -> throw new IllegalStateException("refused above");
    }
  }

  private void setAside(PromptSetAside event) {
    PromptTicket ticket = event.ticket();
    Promise.PLACE_ORDER.require(ticket.number() <= places.size(), event);
    if (ticket.number() == places.size()) {
      places.add(new Place());
      whereabouts.merge(Whereabouts.IN_FLIGHT, 1, Integer::sum);
    } else {
      Promise.PLACE_ONCE.require(place(ticket).at == Whereabouts.RETURNED, event);
    }
    Promise.PLACE_ONCE.require(place(ticket).attempt == ticket.attempt(), event);
    Promise.SET_ASIDE_REASON.require(
        event.prompt() == promptOf.applyAsLong(ticket)
            && (isCondemned(ticket) || asidePrompts.contains(event.prompt())),
        event);
    asidePrompts.add(event.prompt());
    end(ticket, Whereabouts.SET_ASIDE);
  }

  private void taken(BatchTaken event) {
    Promise.ONE_BATCH.require(training == 0, event);
    Promise.BATCH_STEP.require(
        event.step() == step + 1 && step < limits.steps() && event.policy().equals(version), event);
    Promise.BATCH_SIZE.require(
        event.groupIds().size() == limits.groupsPerStep()
            && new HashSet<>(event.groupIds()).size() == event.groupIds().size(),
        event);
    Promise.SET_ASIDE_IN_TIME.require(nobodyCondemned(), event);
    for (long id : event.groupIds()) {
      Group group = group(id, event);
      Promise.PHASE.require(group.phase == READY, event);
      PolicyVersion oldest = group.oldest;
      long age = oldest == null ? -1 : version.number() - oldest.number();
      Promise.AGE.require(age >= 0 && age <= limits.maxStaleness(), event + " of age " + age);
      group.phase = TRAINING;
      training++;
    }
  }

  private void trained(long number) {
    List<Long> numbers = new ArrayList<>();
    for (Group group : inFlight.values()) {
      if (group.phase == TRAINING) {
        numbers.add(group.ticket.number());
        end(group.ticket, Whereabouts.TRAINED);
      }
    }
    inFlight.values().removeIf(group -> group.phase == TRAINING);
    trainedIn.put(number, numbers);
    trained += training;
    training = 0;
    step = number;
  }

  private void resumed(RunResumed event) {
    Promise.RESUME_EMPTY.require(inFlight.isEmpty(), event);
    Promise.RESUME_STEP.require(event.step() >= secondCheckpoint && event.step() <= step, event);
    Promise.RESUME_VERSION.require(
        event.version().number() == version.number() - (step - event.step()), event);
    Promise.TERM.require(event.version().term() > version.term(), event);
    for (long lost = event.step() + 1; lost <= step; lost++) {
      for (long number : trainedIn.getOrDefault(lost, List.of())) {
        trained--;
        dropped.merge(Drop.UNDONE, 1L, Long::sum);
        move(new PromptTicket(number, 0), Whereabouts.RETURNED);
      }
      trainedIn.remove(lost);
    }
    step = event.step();
    newestCheckpoint = step;
    version = event.version();
    limits = event.limits();
  }

  // --- what has to hold after every event
  // ----------------------------------------------------------------------

  private void balance(LedgerEvent event) {
    long gone = dropped.values().stream().mapToLong(Long::longValue).sum();
    Promise.CLOSES.require(
        issued == trained + gone + inFlight.size()
            && count(Whereabouts.IN_FLIGHT) == inFlight.size()
            && count(Whereabouts.TRAINED) == trained
            && trained == step * limits.groupsPerStep(),
        event);
  }

  /** Compares with what the ledger says, at little cost. */
  void compare(RunLedger ledger) {
    Promise.AGREES.require(
        ledger.account().equals(new Account(issued, trained, dropped, inFlight.size())),
        ledger.account());
    Promise.AGREES.require(
        ledger.version().equals(version)
            && ledger.completedSteps() == step
            && ledger.durableStep() == newestCheckpoint
            && ledger.limits().equals(limits)
            && ledger.isTraining() == (training > 0)
            && ledger.setAside().size() == asidePrompts.size(),
        "step " + step + " of " + version);
  }

  /** Compares with all that the ledger knows. */
  void compare(LedgerSnapshot snapshot) {
    List<LedgerSnapshot.Flight> flights = new ArrayList<>();
    inFlight.forEach(
        (id, group) ->
            flights.add(
                new LedgerSnapshot.Flight(
                    id, group.ticket, new GroupState(group.phase, group.workers, group.oldest))));
    agree(flights, snapshot.inFlight());
    List<PromptTicket> returned = new ArrayList<>();
    Map<Long, Integer> deaths = new TreeMap<>();
    for (int number = 0; number < places.size(); number++) {
      Place place = places.get(number);
      if (place.at == Whereabouts.RETURNED) {
        returned.add(new PromptTicket(number, place.attempt));
      }
      if (place.deaths > 0) {
        deaths.put((long) number, place.deaths);
      }
    }
    agree(
        new CursorState(begun().prompts(), begun().mix(), places.size(), returned),
        snapshot.cursor());
    agree(deaths, snapshot.losses());
    agree(asidePrompts, snapshot.setAside().keySet());
    agree(issued + 1, snapshot.nextGroupId());
    agree(newestCheckpoint, snapshot.durableStep());
    agree(step, snapshot.completedSteps());
    agree(version, snapshot.version());
    agree(limits, snapshot.limits());
    agree(begun().runSeed(), snapshot.runSeed());
    agree(
        new Account(issued, trained, dropped, inFlight.size()),
        new Account(
            snapshot.issued(), snapshot.trained(), snapshot.dropped(), snapshot.inFlight().size()));
  }

  private static void agree(Object journal, Object ledger) {
    Promise.AGREES.require(
        journal.equals(ledger), "the journal says " + journal + ", the ledger " + ledger);
  }

  /** At the end of a run that is complete nothing is left over. */
  void close() {
    Promise.COMPLETE.require(
        step == limits.steps()
            && inFlight.isEmpty()
            && trained == limits.steps() * limits.groupsPerStep(),
        "step " + step + " with " + inFlight.size() + " groups in flight");
    Promise.SET_ASIDE_IN_TIME.require(nobodyCondemned(), "the end");
  }

  // --- helpers
  // -------------------------------------------------------------------------------------------------

  private boolean isSuspect(PromptTicket ticket) {
    return limits.poisonLimit() > 1 && place(ticket).deaths >= limits.poisonLimit() - 1;
  }

  private boolean isCondemned(PromptTicket ticket) {
    return place(ticket).deaths >= limits.poisonLimit() || ticket.attempt() > limits.retryBudget();
  }

  private boolean nobodyCondemned() {
    for (int number = 0; number < places.size(); number++) {
      Place place = places.get(number);
      if (place.at == Whereabouts.RETURNED
          && isCondemned(new PromptTicket(number, place.attempt))) {
        return false;
      }
    }
    return true;
  }

  private void end(PromptTicket ticket, Whereabouts at) {
    move(ticket, at);
    place(ticket).deaths = 0;
  }

  private void move(PromptTicket ticket, Whereabouts to) {
    Place place = place(ticket);
    whereabouts.merge(place.at, -1, Integer::sum);
    whereabouts.merge(to, 1, Integer::sum);
    place.at = to;
  }

  private int count(Whereabouts at) {
    return whereabouts.getOrDefault(at, 0);
  }

  private Place place(PromptTicket ticket) {
    return places.get(Math.toIntExact(ticket.number()));
  }

  private Group group(long id, LedgerEvent event) {
    Group group = inFlight.get(id);
    if (group == null) {
      throw new Promise.Broken(Promise.IN_FLIGHT, event.toString());
    }
    return group;
  }

  private Group generating(long id, String worker, LedgerEvent event) {
    Group group = group(id, event);
    Promise.PHASE.require(group.phase == GENERATING, event);
    Promise.WORKER.require(group.workers.contains(worker), event);
    return group;
  }

  private RunStarted begun() {
    RunStarted started = begin;
    if (started == null) {
      throw new Promise.Broken(Promise.BEGINS_ONCE, "nothing");
    }
    return started;
  }
}
