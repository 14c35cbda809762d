package krites.simulator;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Account;
import krites.grpo.flow.FlowLimits;
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
import krites.grpo.flow.PromptMix;
import krites.grpo.flow.PromptTicket;
import org.jspecify.annotations.Nullable;

/**
 * Reads the journal of a run as a suspicious person would, event by event, with none of the
 * ledger's code. Nothing is ever taken back: a resume is an event like the others, and what it says
 * to be lost has to come again.
 */
final class JournalChecker {
  /** Thrown at the first event that breaks a promise; the checker is of no use afterwards. */
  static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient Promise promise;

    private Broken(Promise promise, String detail) {
      super(detail, null, false, false);
      this.promise = promise;
    }

    Promise promise() {
      return promise;
    }
  }

  private enum Stage {
    GENERATING,
    CUT,
    SCORING,
    READY,
    TRAINING
  }

  private record Flight(
      PromptTicket ticket, Stage stage, Set<String> workers, @Nullable PolicyVersion oldest) {
    Flight {
      workers = Set.copyOf(workers);
    }

    Flight to(Stage next, Set<String> others) {
      return new Flight(ticket, next, others, oldest);
    }

    Flight noOlderThan(PolicyVersion version) {
      boolean older = oldest == null || version.number() < oldest.number();
      return new Flight(ticket, stage, workers, older ? version : oldest);
    }
  }

  /** A group that went into the weights. */
  private record Done(long id, PromptTicket ticket, long age) {}

  /** What may come next. */
  private enum Part {
    NOTHING_YET,
    RUNNING,
    /** A process has taken over and drops what was in flight. */
    RESTARTING,
    ENDED
  }

  private final List<LedgerEvent> journal = new ArrayList<>();
  private final Map<Long, Flight> flights = new HashMap<>();
  private final TreeSet<Long> training = new TreeSet<>();
  private final TreeMap<Long, List<Done>> done = new TreeMap<>(); // by step
  private final TreeSet<Long> trained = new TreeSet<>();
  private final EnumMap<Drop, Long> dropped = new EnumMap<>(Drop.class);
  private PromptWatch prompts = new PromptWatch(0);
  private FlowLimits limits = FlowLimits.of(0, 1, 0);
  private PolicyVersion version = new PolicyVersion(0, 0);
  private Part part = Part.NOTHING_YET;
  private long started;
  private long step;
  private long durable;
  private boolean published;
  private boolean checkpointed; // since the process began

  /**
   * Takes in the next event.
   *
   * @throws Broken if it breaks a promise
   */
  void check(LedgerEvent event) {
    journal.add(event);
    requirePart(event);
    switch (event) {
      case RunStarted(long _, long size, PromptMix _, FlowLimits first, PolicyVersion begins) -> {
        prompts = new PromptWatch(size);
        limits = first;
        version = begins;
      }
      case RunResumed(long from, PolicyVersion again, FlowLimits now) ->
          onResumed(from, again, now);
      case VersionPublished(PolicyVersion now, String digest) -> onPublished(now, digest);
      case GroupStarted(long id, PromptTicket ticket, String worker) ->
          onStarted(id, ticket, worker);
      case GroupDispatched(long id, String worker) -> onDispatched(id, worker);
      case CopyLost(long id, String worker) -> onCopyLost(id, worker);
      case GroupCut(long id, String worker, PolicyVersion oldest) -> {
        Flight flight = leaves(id, worker, oldest);
        require(
            flight.workers().size() == 1,
            Promise.COPIES_KNOWN,
            () -> "group " + id + " is cut at " + worker + " and is at " + flight.workers());
        flights.put(id, flight.noOlderThan(oldest).to(Stage.CUT, Set.of()));
      }
      case GroupGenerated(long id, String worker, PolicyVersion oldest, int tokens) -> {
        Flight flight = leaves(id, worker, oldest);
        require(
            tokens > 0, Promise.ENDS_ONCE, () -> "group " + id + " is generated without tokens");
        flights.put(id, flight.noOlderThan(oldest).to(Stage.SCORING, Set.of()));
      }
      case GroupReady(long id) -> move(id, Stage.SCORING, Stage.READY);
      case GroupDropped(long id, Drop reason) -> onDropped(id, reason);
      case PromptSetAside(PromptTicket ticket, long prompt, String _) ->
          prompts.setAside(ticket, prompt, limits);
      case BatchTaken taken -> onTaken(taken);
      case StepTrained(long number, PolicyVersion next) -> onTrained(number, next);
      case CheckpointWritten(long number) -> onCheckpoint(number);
      case SettingChanged changed -> onChanged(changed);
      case RunEnded _ -> part = Part.ENDED;
    }
    long ended = trained.size() + droppedInAll();
    require(
        started == ended + flights.size(),
        Promise.ACCOUNT_CLOSES,
        () -> started + " issued, " + ended + " ended, " + flights.size() + " in flight");
  }

  /** A run starts once, goes on after an end only by a resume, and a resume begins with drops. */
  private void requirePart(LedgerEvent event) {
    boolean restarts = event instanceof GroupDropped(long _, Drop why) && why == Drop.RESTARTED;
    boolean resumes = event instanceof RunResumed;
    boolean fits =
        switch (part) {
          case NOTHING_YET -> event instanceof RunStarted;
          case RUNNING -> !(event instanceof RunStarted);
          case RESTARTING, ENDED -> restarts || resumes;
        };
    require(fits, Promise.ENDS_ONCE, () -> event + " comes while the run is " + part);
    if (restarts) {
      part = Part.RESTARTING;
    } else if (part != Part.ENDED || resumes) {
      part = Part.RUNNING;
    }
  }

  // --- parts of a run

  private void onResumed(long from, PolicyVersion again, FlowLimits now) {
    require(
        flights.isEmpty(),
        Promise.ENDS_ONCE,
        () -> "the run goes on with " + flights.keySet() + " in flight");
    require(
        from >= durable && from <= step,
        Promise.DURABLE_STAYS,
        () -> "the run goes on from step " + from + " of " + step + ", safe is " + durable);
    require(
        again.number() == version.number() - (step - from) && again.term() > version.term(),
        Promise.VERSIONS_RISE,
        () -> "the run goes on with " + again + " of step " + from + " after " + version);
    Map<Long, List<Done>> lost = done.tailMap(from, false);
    for (List<Done> groups : lost.values()) {
      for (Done group : groups) {
        trained.remove(group.id());
        dropped.merge(Drop.UNDONE, 1L, Long::sum);
        prompts.dropped(group.ticket(), Drop.UNDONE);
      }
    }
    lost.clear();
    training.clear();
    step = from;
    durable = from;
    version = again;
    limits = now;
    published = false;
    checkpointed = false;
  }

  private void onPublished(PolicyVersion now, String digest) {
    require(
        now.equals(version) && !published && !digest.isEmpty(),
        Promise.VERSIONS_RISE,
        () -> now + " is published, the policy is " + version + (published ? ", as before" : ""));
    published = true;
  }

  private void onCheckpoint(long number) {
    require(
        number <= step && (number > durable || number == durable && !checkpointed),
        Promise.DURABLE_STAYS,
        () -> "a checkpoint of step " + number + " follows that of " + durable + " after " + step);
    durable = number;
    checkpointed = true;
  }

  private void onChanged(SettingChanged changed) {
    PolicyVersion first = training.isEmpty() ? version : version.next();
    require(
        changed.from().equals(first) && changed.limits().groupsPerStep() == limits.groupsPerStep(),
        Promise.VERSIONS_RISE,
        () -> changed.key() + " changes from " + changed.from() + " on, the next is " + first);
    limits = changed.limits();
  }

  // --- groups

  private void onStarted(long id, PromptTicket ticket, String worker) {
    require(
        id == ++started,
        Promise.NUMBERS_RISE,
        () -> "group " + id + " starts on " + worker + ", the next number is " + started);
    prompts.issue(id, ticket, limits);
    flights.put(id, new Flight(ticket, Stage.GENERATING, Set.of(worker), null));
    require(
        flights.size() <= mostInFlight() && !isLastOfItsKind(),
        Promise.IN_FLIGHT_BOUNDED,
        () -> flights.size() + " groups are in flight after step " + step);
  }

  private long mostInFlight() {
    long batches = Math.min(limits.maxStaleness() + 1L, limits.steps() - step);
    return batches <= 0 ? 0 : batches * limits.groupsPerStep() + limits.overIssue();
  }

  /** Whether no later batch can need what is sampled while this one is in training. */
  private boolean isLastOfItsKind() {
    return !training.isEmpty() && (limits.maxStaleness() == 0 || step + 1 >= limits.steps());
  }

  private void onDispatched(long id, String worker) {
    Flight flight = known(id, "is dispatched to " + worker);
    boolean hedges =
        flight.stage() == Stage.GENERATING
            && flight.workers().size() == 1
            && !flight.workers().contains(worker)
            && !prompts.isSuspect(flight.ticket(), limits);
    require(
        flight.stage() == Stage.CUT || hedges,
        Promise.COPIES_KNOWN,
        () -> "group " + id + " is dispatched to " + worker + " from " + flight);
    Set<String> workers = new HashSet<>(flight.workers());
    workers.add(worker);
    flights.put(id, flight.to(Stage.GENERATING, workers));
  }

  private void onCopyLost(long id, String worker) {
    Flight flight = known(id, "loses a copy at " + worker);
    require(
        flight.stage() == Stage.GENERATING
            && flight.workers().size() > 1
            && flight.workers().contains(worker),
        Promise.COPIES_KNOWN,
        () -> "group " + id + " loses a copy at " + worker + " from " + flight);
    Set<String> workers = new HashSet<>(flight.workers());
    workers.remove(worker);
    flights.put(id, flight.to(Stage.GENERATING, workers));
  }

  /** A worker hands a group over, as far as it is. */
  private Flight leaves(long id, String worker, PolicyVersion oldest) {
    Flight flight = known(id, "comes from " + worker);
    requireStage(id, flight, Stage.GENERATING);
    require(
        flight.workers().contains(worker),
        Promise.COPIES_KNOWN,
        () -> "group " + id + " comes from " + worker + " and is at " + flight.workers());
    long newest = version.number() + (training.isEmpty() ? 0 : 1);
    require(
        oldest.number() <= newest && oldest.term() <= version.term(),
        Promise.VERSIONS_RISE,
        () -> "group " + id + " has tokens of " + oldest + ", the policy is " + version);
    return flight;
  }

  private void move(long id, Stage from, Stage to) {
    Flight flight = known(id, "goes on to " + to);
    requireStage(id, flight, from);
    flights.put(id, flight.to(to, Set.of()));
  }

  private Flight known(long id, String deed) {
    Flight flight = flights.get(id);
    if (flight == null) {
      throw new Broken(Promise.ENDS_ONCE, "group " + id + " " + deed + " and is not in flight");
    }
    return flight;
  }

  private static void requireStage(long id, Flight flight, Stage stage) {
    require(
        flight.stage() == stage,
        Promise.ENDS_ONCE,
        () -> "group " + id + " has to be " + stage + " and is " + flight);
  }

  private void onDropped(long id, Drop reason) {
    Flight flight = known(id, "is dropped (" + reason + ")");
    Stage stage = flight.stage();
    boolean fits =
        switch (reason) {
          case WORKER_LOST -> stage == Stage.GENERATING && flight.workers().size() == 1;
          case ROLLOUT_FAILED -> stage == Stage.GENERATING;
          case REWARD_FAILED, FLAT -> stage == Stage.SCORING;
          case STALE -> stage != Stage.TRAINING && age(flight) > limits.maxStaleness();
          case SURPLUS -> stage != Stage.TRAINING && isLastOfItsKind();
          case RESTARTED -> true;
          case UNDONE -> false; // only a resume undoes, all of a step together
        };
    require(
        fits,
        Promise.REASON_FITS,
        () -> "group " + id + " is dropped (" + reason + ") at " + flight);
    flights.remove(id);
    training.remove(id);
    dropped.merge(reason, 1L, Long::sum);
    prompts.dropped(flight.ticket(), reason);
  }

  // --- steps

  private void onTaken(BatchTaken taken) {
    require(
        training.isEmpty(),
        Promise.ONE_BATCH,
        () -> "step " + taken.step() + " is taken while " + training + " are in training");
    require(
        taken.step() == step + 1 && taken.policy().equals(version) && published,
        Promise.VERSIONS_RISE,
        () -> "step " + taken.step() + " for " + taken.policy() + " follows step " + step);
    require(
        taken.groupIds().size() == limits.groupsPerStep() && taken.step() <= limits.steps(),
        Promise.BATCH_WHOLE,
        () -> "the batch of step " + taken.step() + " has " + taken.groupIds().size() + " groups");
    for (long id : taken.groupIds()) {
      Flight flight = flights.get(id);
      if (flight == null || flight.stage() != Stage.READY) {
        throw new Broken(
            Promise.BATCH_WHOLE, "group " + id + " of step " + taken.step() + " is " + flight);
      }
      long age = age(flight);
      require(
          age >= 0 && age <= limits.maxStaleness(),
          Promise.AGE_BOUNDED,
          () -> "group " + id + " of step " + taken.step() + " is " + age + " versions old");
      flights.put(id, flight.to(Stage.TRAINING, Set.of()));
      training.add(id);
    }
  }

  private void onTrained(long number, PolicyVersion next) {
    require(
        training.size() == limits.groupsPerStep(),
        Promise.ONE_BATCH,
        () -> "step " + number + " is trained, with " + training.size() + " groups in training");
    require(
        number == step + 1 && next.equals(version.next()),
        Promise.VERSIONS_RISE,
        () -> "step " + number + " makes " + next + " after step " + step + " made " + version);
    List<Done> groups = new ArrayList<>();
    for (long id : training) {
      Flight flight = known(id, "is trained");
      flights.remove(id);
      require(trained.add(id), Promise.TRAINED_ONCE, () -> "group " + id + " is trained twice");
      prompts.trained(flight.ticket());
      groups.add(new Done(id, flight.ticket(), age(flight)));
    }
    done.put(number, groups);
    training.clear();
    step = number;
    version = next;
    published = false;
  }

  private long age(Flight flight) {
    PolicyVersion oldest = flight.oldest();
    return oldest == null ? 0 : version.number() - oldest.number();
  }

  // --- the end

  /**
   * What has to hold at the end of a run.
   *
   * @param inWeights groups that the weights were trained on
   * @throws Broken if it does not
   */
  void close(Account account, long steps, Set<Long> inWeights) {
    require(
        published,
        Promise.VERSIONS_RISE,
        () -> "the weights of " + version + " were never published");
    require(part == Part.ENDED, Promise.ENDS, () -> "the journal does not say that the run ended");
    require(
        account.issued() == started
            && account.trained() == trained.size()
            && account.dropped().equals(dropped)
            && account.inFlight() == flights.size()
            && steps == step,
        Promise.ACCOUNT_CLOSES,
        () ->
            "the summary says "
                + account
                + " after step "
                + steps
                + ", the journal says issued "
                + started
                + ", trained "
                + trained.size()
                + ", dropped "
                + dropped
                + ", in flight "
                + flights.size()
                + " after step "
                + step);
    require(
        trained.equals(inWeights),
        Promise.TRAINED_ONCE,
        () ->
            "the weights were trained on "
                + inWeights.size()
                + " groups, the journal says "
                + trained.size());
  }

  /** All events read so far. */
  List<LedgerEvent> journal() {
    return Collections.unmodifiableList(journal);
  }

  long steps() {
    return step;
  }

  long issued() {
    return started;
  }

  long trained() {
    return trained.size();
  }

  long inFlight() {
    return flights.size();
  }

  Map<Drop, Long> dropped() {
    return Collections.unmodifiableMap(dropped);
  }

  /** How many trained groups had which age when their batch was taken. */
  Map<Long, Long> ages() {
    TreeMap<Long, Long> ages = new TreeMap<>();
    done.values().forEach(groups -> groups.forEach(each -> ages.merge(each.age(), 1L, Long::sum)));
    return Collections.unmodifiableMap(ages);
  }

  private long droppedInAll() {
    return dropped.values().stream().mapToLong(Long::longValue).sum();
  }

  static void require(boolean holds, Promise promise, Supplier<String> otherwise) {
    if (!holds) {
      throw new Broken(promise, otherwise.get());
    }
  }
}
