package krites.grpo.flow;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
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

/**
 * A seeded run without actors that drives a ledger with facts: workers of different speed that take
 * weights over late, that die, or that are killed by a prompt; cut groups that go on elsewhere,
 * hedges, results that come late or twice, failing prompts and rewards, equal rewards, changes of
 * the limits, checkpoints, and crashes at any event that lose a part of the journal's tail. After
 * each event a {@link FlowChecker} is asked, and compared with the ledger.
 */
final class FlowSimulation {
  /** A mistake in the decisions of whoever drives the ledger. */
  enum Bug {
    NONE,
    NO_SWEEP,
    NO_ADMISSION,
    LOST_WORKER_FORGOTTEN,
    LATE_RESULT_TAKEN,
    SECOND_BATCH,
    TRAINED_TWICE,
    CONDEMNED_FORGOTTEN,
    SET_ASIDE_ISSUED,
    PLACE_SKIPPED,
    PLACE_TWICE,
    THIRD_COPY,
    CHANGE_IN_THE_PAST,
    IN_FLIGHT_AFTER_CRASH,
    SAME_TERM_AFTER_CRASH,
    LOST_STEPS_KEPT,
    JOURNAL_TAIL_FORGOTTEN
  }

  private static final int MOVES = 30_000; // far beyond any run: one that stalls is reported
  private static final int DISK = 2; // checkpoints that are kept

  /** The process died; what was in memory is gone. */
  private static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1;

    private Crash() {
      super("crash", null, false, false);
    }
  }

  private record Job(long groupId, PolicyVersion oldest) {}

  private static final class Worker {
    private final String name;
    private final int slots;
    private final List<Job> jobs = new ArrayList<>();
    private PolicyVersion version;
    private boolean alone;

    private Worker(String name, int slots, PolicyVersion version) {
      this.name = name;
      this.slots = slots;
      this.version = version;
    }

    private boolean hasRoom() {
      return jobs.isEmpty() || jobs.size() < slots && !alone;
    }
  }

  private final Random random;
  private final Bug bug;
  private final RunStarted started;
  private final ToLongFunction<PromptTicket> promptOf;
  private final boolean poison;
  private final double trouble;
  private final double cuts;
  private final double hedges;
  private final List<Worker> workers = new ArrayList<>();
  private final List<Long> scoring = new ArrayList<>();
  private final List<LedgerEvent> mail = new ArrayList<>(); // results that may come once more
  private final List<LedgerEvent> journal = new ArrayList<>();
  private final List<RunState> disk = new ArrayList<>();
  private final List<LedgerEvent> ever = new ArrayList<>();
  private RunLedger ledger;
  private FlowChecker checker;
  private Optional<RunState> captured = Optional.empty();
  private int names;
  private int crashes;
  private int untilCrash;

  FlowSimulation(long seed, Bug bug) {
    this.random = new Random(seed);
    this.bug = bug;
    FlowLimits limits =
        new FlowLimits(
            1 + random.nextInt(6),
            1 + random.nextInt(4),
            random.nextInt(4),
            random.nextBoolean() ? 0 : random.nextInt(4),
            random.nextBoolean() ? FlowLimits.RETRY_BUDGET : 1 + random.nextInt(4),
            1 + random.nextInt(3));
    int prompts = 1 + random.nextInt(16);
    this.started =
        new RunStarted(seed, prompts, mix(seed, prompts), limits, new PolicyVersion(0, 0));
    this.promptOf = promptsOf(started);
    this.trouble = random.nextBoolean() ? 0 : 0.08 * random.nextDouble();
    this.poison = trouble > 0 && random.nextBoolean();
    this.cuts = random.nextBoolean() ? 0 : 0.3;
    this.hedges = random.nextBoolean() ? 0 : 0.3;
    this.crashes = random.nextInt(4);
    this.untilCrash = random.nextInt(80);
    this.ledger = RunLedger.of(started);
    this.checker = new FlowChecker(promptOf);
    checker.check(started);
    journal.add(started);
    disk.add(new RunState(-1, ledger.snapshot(), 1));
    hire(1 + random.nextInt(4));
  }

  /** Which prompt a ticket means, as an oracle for the checker. */
  static ToLongFunction<PromptTicket> promptsOf(RunStarted started) {
    return new PromptCursor(
            started.prompts(),
            Seeds.ofName(started.runSeed(), "prompts"),
            CursorState.start(started.prompts(), started.mix()))
        ::index;
  }

  /** One part for every second seed, else two; it draws nothing, so that other draws stay. */
  private static PromptMix mix(long seed, int prompts) {
    return prompts == 1 || seed % 2 == 0
        ? PromptMix.NONE
        : PromptMix.of(1 + Math.floorMod(seed, prompts - 1), (1 + Math.floorMod(seed, 9)) / 10.0);
  }

  /** Runs to the end; the journal that survived. */
  List<LedgerEvent> run() {
    for (int move = 0; !ledger.isComplete() && !isOutOfPrompts(); move++) {
      if (move == MOVES) {
        throw new AssertionError("the run stalls at " + ledger.snapshot());
      }
      try {
        move();
      } catch (Crash crash) {
        restart();
      }
    }
    untilCrash = Integer.MAX_VALUE;
    if (ledger.isComplete()) {
      ledger.restarted().forEach(this::drop); // what nobody needs any more, if anything
      checker.close();
    }
    apply(new RunEnded("done"));
    compareAll();
    return journal;
  }

  /** The journal so far. */
  List<LedgerEvent> journal() {
    return journal;
  }

  boolean isComplete() {
    return ledger.isComplete();
  }

  RunStarted started() {
    return started;
  }

  /** Every event that ever was, those that a crash lost included. */
  List<LedgerEvent> ever() {
    return ever;
  }

  /** All prompts are set aside and too few groups are left for a batch. */
  private boolean isOutOfPrompts() {
    return ledger.isExhausted()
        && !ledger.isTraining()
        && ledger.account().inFlight() < ledger.limits().groupsPerStep();
  }

  private void move() {
    if (random.nextDouble() < trouble) {
      trouble();
    }
    switch (random.nextInt(8)) {
      case 0, 1 -> admit(anyWorker());
      case 2, 3 -> generate(anyWorker());
      case 4 -> score();
      case 5 -> train();
      case 6 -> {
        if (random.nextInt(3) == 0) {
          checkpoint();
        }
      }
      default -> anyWorker().version = ledger.version();
    }
    if (random.nextInt(16) == 0 && !mail.isEmpty()) {
      receive(mail.get(random.nextInt(mail.size())));
    }
  }

  // --- groups begin
  // --------------------------------------------------------------------------------------------

  private void admit(Worker worker) {
    if (!worker.hasRoom()) {
      return;
    }
    if (random.nextDouble() < hedges && hedge(worker)) {
      return;
    }
    Optional<Long> parked = ledger.parked();
    if (parked.isPresent()) {
      apply(new GroupDispatched(parked.get(), worker.name));
      worker.jobs.add(new Job(parked.get(), worker.version));
    } else if (ledger.mayStart() || bug == Bug.NO_ADMISSION) {
      Optional<PromptTicket> suspect = ledger.suspect();
      if (suspect.isPresent() && worker.jobs.isEmpty()) {
        start(worker, suspect.get());
        worker.alone = true;
      } else {
        startDue(worker, misreadDue(ledger.due()));
      }
    }
  }

  private PromptTicket misreadDue(PromptTicket due) {
    boolean once = random.nextInt(8) == 0;
    if (bug == Bug.PLACE_SKIPPED && once) {
      return new PromptTicket(due.number() + 1, due.attempt());
    }
    List<LedgerSnapshot.Flight> flights = ledger.snapshot().inFlight();
    return bug == Bug.PLACE_TWICE && once && !flights.isEmpty() ? flights.getFirst().ticket() : due;
  }

  private void startDue(Worker worker, PromptTicket ticket) {
    Optional<PromptSetAside> skip = ledger.skip(ticket);
    if (skip.isPresent() && bug != Bug.SET_ASIDE_ISSUED) {
      apply(skip.get());
    } else {
      start(worker, ticket);
    }
  }

  private void start(Worker worker, PromptTicket ticket) {
    GroupStarted event = ledger.start(ticket, worker.name);
    apply(event);
    worker.alone = false;
    worker.jobs.add(new Job(event.groupId(), worker.version));
  }

  private boolean hedge(Worker second) {
    for (Worker first : workers) {
      for (Job job : first.jobs) {
        boolean careless = bug == Bug.THIRD_COPY && ledger.isIn(Phase.GENERATING, job.groupId);
        if (careless || ledger.mayHedge(job.groupId, second.name)) {
          apply(new GroupDispatched(job.groupId, second.name));
          second.jobs.add(new Job(job.groupId, second.version));
          return true;
        }
      }
    }
    return false;
  }

  // --- groups come back
  // ----------------------------------------------------------------------------------------

  private void generate(Worker worker) {
    if (worker.jobs.isEmpty() || worker.jobs.size() == 1 && random.nextInt(3) > 0) {
      return;
    }
    Job job = worker.jobs.remove(random.nextInt(worker.jobs.size()));
    if (poison && isPoison(job.groupId)) {
      worker.jobs.add(job);
      die(worker);
      return;
    }
    LedgerEvent result;
    if (random.nextDouble() < trouble) {
      result = new GroupDropped(job.groupId, Drop.ROLLOUT_FAILED);
    } else if (random.nextDouble() < cuts) {
      result = new GroupCut(job.groupId, worker.name, job.oldest);
    } else {
      result = new GroupGenerated(job.groupId, worker.name, job.oldest, 1 + random.nextInt(1000));
    }
    mail.add(result);
    if (random.nextInt(20) > 0) { // or it comes much later
      receive(result);
    }
  }

  private boolean isPoison(long groupId) {
    return ledger.isIn(Phase.GENERATING, groupId)
        && promptOf.applyAsLong(ledger.ticket(groupId)) % 5 == 0
        && random.nextInt(3) > 0;
  }

  /** What a worker says counts only while it is asked for that group. */
  private void receive(LedgerEvent result) {
    if (bug == Bug.LATE_RESULT_TAKEN) {
      enter(result);
      return;
    }
    switch (result) {
      case GroupCut(long id, String worker, PolicyVersion _) when samples(worker, id) ->
          enter(result);
      case GroupGenerated(long id, String worker, PolicyVersion _, int _)
          when samples(worker, id) ->
          enter(result);
      case GroupDropped(long id, Drop _) when ledger.isIn(Phase.GENERATING, id) -> enter(result);
      default -> {}
    }
  }

  private boolean samples(String worker, long groupId) {
    return ledger.state(groupId).filter(state -> state.workers().contains(worker)).isPresent();
  }

  private void enter(LedgerEvent result) {
    if (result instanceof GroupDropped drop) {
      drop(drop);
      return;
    }
    apply(result);
    if (result instanceof GroupGenerated generated) {
      scoring.add(generated.groupId());
    }
  }

  private void score() {
    if (scoring.isEmpty()) {
      return;
    }
    long id = scoring.remove(random.nextInt(scoring.size()));
    if (!ledger.isIn(Phase.SCORING, id)) {
      return;
    }
    double luck = random.nextDouble();
    if (luck < trouble) {
      drop(new GroupDropped(id, luck < trouble / 2 ? Drop.REWARD_FAILED : Drop.FLAT));
    } else {
      apply(new GroupReady(id));
    }
  }

  // --- steps
  // ---------------------------------------------------------------------------------------------------

  private void train() {
    if (ledger.isTraining() && bug != Bug.SECOND_BATCH) {
      var trained = new StepTrained(ledger.completedSteps() + 1, ledger.version().next());
      apply(trained);
      if (bug == Bug.TRAINED_TWICE && random.nextInt(3) == 0) {
        apply(trained);
      }
      apply(new VersionPublished(ledger.version(), "digest"));
      return;
    }
    if (bug == Bug.NO_SWEEP || bug == Bug.SECOND_BATCH) {
      takeCarelessly();
    } else {
      ledger.stale().forEach(this::drop);
      ledger.batch().ifPresent(this::apply);
    }
    ledger.surplus().forEach(this::drop);
  }

  private void takeCarelessly() {
    List<Long> ready =
        ledger.snapshot().inFlight().stream()
            .filter(flight -> flight.state().phase() == Phase.READY)
            .map(LedgerSnapshot.Flight::groupId)
            .toList();
    int size = ledger.limits().groupsPerStep();
    if (ready.size() >= size) {
      apply(new BatchTaken(ledger.completedSteps() + 1, ledger.version(), ready.subList(0, size)));
    } else if (bug == Bug.SECOND_BATCH && ledger.isTraining()) {
      apply(new StepTrained(ledger.completedSteps() + 1, ledger.version().next()));
    }
  }

  /** A state is captured now, and lies on disk some moves later. */
  private void checkpoint() {
    if (captured.isEmpty()) {
      capture();
      return;
    }
    RunState state = captured.get();
    captured = Optional.empty();
    disk.removeIf(other -> other.step() == state.step());
    disk.add(state);
    if (disk.size() > DISK) {
      disk.removeFirst();
    }
    apply(new CheckpointWritten(state.step()));
  }

  private void capture() {
    if (ledger.completedSteps() > 0) {
      captured = Optional.of(new RunState(-1, ledger.snapshot(), journal.size()));
    }
  }

  // --- trouble
  // -------------------------------------------------------------------------------------------------

  private void trouble() {
    switch (random.nextInt(4)) {
      case 0 -> changeLimits();
      case 1 -> cancelACopy();
      default -> die(anyWorker());
    }
  }

  private void die(Worker dead) {
    workers.remove(dead);
    hire(1);
    if (bug != Bug.LOST_WORKER_FORGOTTEN) {
      ledger.lost(dead.name).forEach(this::dropOrLose);
    }
  }

  private void dropOrLose(LedgerEvent event) {
    if (event instanceof GroupDropped drop) {
      drop(drop);
    } else {
      apply(event);
    }
  }

  private void cancelACopy() {
    for (LedgerSnapshot.Flight flight : ledger.snapshot().inFlight()) {
      if (flight.state().workers().size() > 1) {
        apply(new CopyLost(flight.groupId(), flight.state().workers().get(random.nextInt(2))));
        return;
      }
    }
  }

  private void changeLimits() {
    PolicyVersion from = ledger.isTraining() ? ledger.version().next() : ledger.version();
    if (bug == Bug.CHANGE_IN_THE_PAST && from.number() > 0) {
      from = new PolicyVersion(from.term(), from.number() - 1);
    }
    apply(new SettingChanged("async.max-staleness", "1", "2", from, otherLimits()));
  }

  private FlowLimits otherLimits() {
    FlowLimits now = ledger.limits();
    return new FlowLimits(
        now.steps(),
        now.groupsPerStep(),
        random.nextInt(5),
        now.overIssue(),
        random.nextInt(4) == 0 ? 1 + random.nextInt(5) : now.retryBudget(),
        random.nextInt(4) == 0 ? 1 + random.nextInt(4) : now.poisonLimit());
  }

  /** A new process goes on from what is on disk: a checkpoint, and the journal without its end. */
  private void restart() {
    long synced = disk.stream().mapToLong(RunState::journal).max().orElseThrow();
    int kept =
        random.nextBoolean()
            ? journal.size()
            : Math.toIntExact(
                synced + random.nextInt(Math.toIntExact(journal.size() - synced) + 1));
    journal.subList(kept, journal.size()).clear();
    checker = FlowChecker.after(journal, promptOf);
    if (disk.size() > 1 && random.nextInt(3) == 0) {
      disk.removeLast(); // it is damaged
    }
    RunState state = disk.getLast();
    List<LedgerEvent> since = journal.subList(Math.toIntExact(state.journal()), journal.size());
    boolean forgets = bug == Bug.JOURNAL_TAIL_FORGOTTEN;
    ledger = new Continuation(state, forgets ? List.of() : since).ledger();
    if (!forgets) {
      compareAll();
    }
    workers.clear();
    scoring.clear();
    captured = Optional.empty();
    hire(1 + random.nextInt(4));
    try {
      resume(state);
    } catch (Crash again) {
      restart();
    }
  }

  private void resume(RunState state) {
    if (bug != Bug.IN_FLIGHT_AFTER_CRASH) {
      ledger.restarted().forEach(this::drop);
    }
    long term = ledger.version().term() + (bug == Bug.SAME_TERM_AFTER_CRASH ? 0 : 1);
    long step = bug == Bug.LOST_STEPS_KEPT ? ledger.completedSteps() : state.step();
    FlowLimits limits = random.nextInt(3) == 0 ? otherLimits() : ledger.limits();
    captured = Optional.empty(); // nobody writes a checkpoint before the run goes on
    apply(new RunResumed(step, new PolicyVersion(term, state.version().number()), limits));
    setAsideCondemned();
    workers.forEach(worker -> worker.version = ledger.version());
  }

  // --- events
  // --------------------------------------------------------------------------------------------------

  private void drop(GroupDropped event) {
    apply(event);
    if (random.nextInt(8) == 0 && captured.isEmpty()) {
      capture(); // even here, where a prompt may wait to be set aside
    }
    setAsideCondemned();
  }

  private void setAsideCondemned() {
    if (bug != Bug.CONDEMNED_FORGOTTEN) {
      ledger.condemned().forEach(this::apply);
    }
  }

  private void apply(LedgerEvent event) {
    Optional<IllegalStateException> refusal = Optional.empty();
    try {
      ledger.apply(event);
    } catch (IllegalStateException refused) {
      refusal = Optional.of(refused);
    }
    checker.check(event);
    if (refusal.isPresent()) {
      throw new AssertionError("only the ledger refuses: " + event, refusal.get());
    }
    journal.add(event);
    ever.add(event);
    checker.compare(ledger);
    if (random.nextInt(64) == 0) {
      compareAll();
    }
    if (crashes > 0 && untilCrash-- == 0) {
      crashes--;
      untilCrash = random.nextInt(80);
      throw new Crash();
    }
    if (event instanceof SettingChanged || event instanceof RunResumed) {
      setAsideCondemned(); // other limits may judge what came back in another way
    }
  }

  private void compareAll() {
    LedgerSnapshot snapshot = ledger.snapshot();
    checker.compare(snapshot);
    Promise.AGREES.require(
        RunLedger.restore(snapshot).snapshot().equals(snapshot), "a snapshot of a snapshot");
    Promise.AGREES.require(replayed(journal).snapshot().equals(snapshot), "the journal again");
  }

  /** The ledger that a journal gives. */
  static RunLedger replayed(List<LedgerEvent> journal) {
    if (!(journal.getFirst() instanceof RunStarted started)) {
      throw new IllegalStateException("the journal does not begin with the start of the run");
    }
    RunLedger ledger = RunLedger.of(started);
    journal.subList(1, journal.size()).forEach(ledger::apply);
    return ledger;
  }

  private Worker anyWorker() {
    return workers.get(random.nextInt(workers.size()));
  }

  private void hire(int count) {
    for (int i = 0; i < count; i++) {
      workers.add(new Worker("worker-" + names++, 1 + random.nextInt(4), ledger.version()));
    }
  }
}
