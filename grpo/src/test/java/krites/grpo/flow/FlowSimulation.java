package krites.grpo.flow;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;

/**
 * A seeded run without actors: workers of different speed that take over weights late, stragglers,
 * dying workers, failing prompts and rewards, equal rewards, restarts from a checkpoint. Each event
 * is checked as it is applied.
 */
final class FlowSimulation {
  /** A mistake that a driver of the ledger could make. */
  enum Bug {
    NONE,
    /** Takes a batch of whatever is ready, without asking for its age. */
    NO_SWEEP,
    /** Forgets to hand the prompt of a lost group back. */
    PROMPT_VANISHES,
    /** Forgets the groups of a dead worker. */
    GROUP_VANISHES,
    /** Starts groups without asking. */
    NO_ADMISSION,
    /** Hands the newest groups to the learner first. */
    NEWEST_FIRST,
    /** Trains one batch twice. */
    TRAINED_TWICE
  }

  private static final int MOVES =
      20_000; // far more than any run needs: a run that stalls is reported, not endless

  private static final class Worker {
    private final String name;
    private final int slots;
    private PolicyVersion version;
    private final TreeMap<Long, PolicyVersion> oldest = new TreeMap<>();

    private Worker(String name, int slots, PolicyVersion version) {
      this.name = name;
      this.slots = slots;
      this.version = version;
    }
  }

  private final Random random;
  private final Bug bug;
  private final FlowLimits limits;
  private final FlowChecker checker;
  private final List<Worker> workers = new ArrayList<>();
  private final List<Long> scoring = new ArrayList<>();
  private final List<LedgerEvent> journal = new ArrayList<>();
  private final Map<Long, PolicyVersion> readyVersions = new HashMap<>();
  private final double trouble;
  private RunLedger ledger;
  private PromptCursor cursor;
  private boolean training;
  private int names;
  private int restarts;

  FlowSimulation(long seed, Bug bug) {
    this.random = new Random(seed);
    this.bug = bug;
    this.limits = new FlowLimits(1 + random.nextInt(8), 1 + random.nextInt(5), random.nextInt(4));
    this.trouble = random.nextBoolean() ? 0 : 0.05 * random.nextDouble();
    this.checker = new FlowChecker(limits);
    this.ledger = new RunLedger(limits, new PolicyVersion(0, 0));
    long prompts = 1 + random.nextInt(20);
    this.cursor = new PromptCursor(prompts, seed, CursorState.start(prompts));
    for (int i = 0; i <= random.nextInt(4); i++) {
      workers.add(newWorker());
    }
  }

  List<LedgerEvent> run() {
    for (int move = 0; !ledger.isComplete(); move++) {
      if (move == MOVES) {
        throw new AssertionError("the run stalls at " + ledger.account() + " of " + limits);
      }
      move();
      checker.compare(ledger.account(), cursor);
    }
    checker.close();
    return journal;
  }

  FlowLimits limits() {
    return limits;
  }

  private void move() {
    if (random.nextDouble() < trouble) {
      trouble();
    }
    switch (random.nextInt(6)) {
      case 0, 1 -> admit();
      case 2 -> generate(workers.get(random.nextInt(workers.size())));
      case 3 -> score();
      case 4 -> train();
      default -> takeWeights(workers.get(random.nextInt(workers.size())));
    }
  }

  private void admit() {
    for (Worker worker : workers) {
      if (worker.oldest.size() < worker.slots && (ledger.mayStart() || bug == Bug.NO_ADMISSION)) {
        LedgerEvent.GroupStarted event = ledger.start(cursor.next(), worker.name);
        apply(event);
        worker.oldest.put(event.groupId(), worker.version);
        return;
      }
    }
  }

  private void generate(Worker worker) {
    // The first group is a straggler: it is seldom the one that ends, and keeps its old version
    // meanwhile.
    List<Long> held = List.copyOf(worker.oldest.keySet());
    if (held.isEmpty() || held.size() == 1 && random.nextInt(4) > 0) {
      return;
    }
    long id = random.nextInt(10) == 0 ? held.getFirst() : held.get(random.nextInt(held.size()));
    PolicyVersion oldest = worker.oldest.remove(id);
    if (random.nextDouble() < trouble) {
      drop(new LedgerEvent.GroupDropped(id, Drop.ROLLOUT_FAILED));
    } else {
      apply(new LedgerEvent.GroupGenerated(id, oldest));
      readyVersions.put(id, oldest);
      scoring.add(id);
    }
  }

  private void score() {
    if (scoring.isEmpty()) {
      return;
    }
    long id = scoring.remove(random.nextInt(scoring.size()));
    double luck = random.nextDouble();
    if (luck < trouble) {
      drop(new LedgerEvent.GroupDropped(id, luck < trouble / 2 ? Drop.REWARD_FAILED : Drop.FLAT));
    } else {
      apply(new LedgerEvent.GroupReady(id));
    }
  }

  private void train() {
    if (training) {
      training = false;
      var trained =
          new LedgerEvent.StepTrained(ledger.completedSteps() + 1, ledger.version().next());
      apply(trained);
      if (bug == Bug.TRAINED_TWICE && random.nextInt(3) == 0) {
        apply(trained);
      }
      return;
    }
    if (bug == Bug.NO_SWEEP || bug == Bug.NEWEST_FIRST) {
      takeCarelessly();
      return;
    }
    ledger.stale().forEach(this::drop);
    ledger.batch().ifPresent(this::take);
  }

  private void takeCarelessly() {
    if (bug == Bug.NEWEST_FIRST) {
      ledger.stale().forEach(this::drop);
    }
    List<Long> ready =
        new ArrayList<>(
            readyVersions.keySet().stream()
                .filter(id -> ledger.state(id).orElse(null) instanceof GroupState.Ready)
                .sorted()
                .toList());
    if (ready.size() >= limits.groupsPerStep()) {
      int first = bug == Bug.NEWEST_FIRST ? ready.size() - limits.groupsPerStep() : 0;
      take(
          new LedgerEvent.BatchTaken(
              ledger.completedSteps() + 1,
              ledger.version(),
              ready.subList(first, first + limits.groupsPerStep())));
    }
  }

  private void take(LedgerEvent.BatchTaken batch) {
    apply(batch);
    training = true;
  }

  private void takeWeights(Worker worker) {
    worker.version =
        ledger.version(); // groups in flight go on under it; their oldest token stays what it was
  }

  private void trouble() {
    if (restarts < 2
        && random.nextInt(4) == 0) { // few, since a restart also heals what a bug has broken
      restarts++;
      restart();
      return;
    }
    Worker dead = workers.remove(random.nextInt(workers.size()));
    workers.add(newWorker());
    if (bug != Bug.GROUP_VANISHES) {
      ledger.lost(dead.name).forEach(this::drop);
    }
  }

  /** The process dies right after a checkpoint: only the snapshot and the journal survive. */
  private void restart() {
    LedgerSnapshot snapshot = ledger.snapshot();
    CursorState state = cursor.state();
    ledger = RunLedger.restore(limits, snapshot);
    cursor = new PromptCursor(state.size(), 0, state);
    scoring.clear();
    training = false;
    int count = workers.size();
    workers.clear();
    for (int i = 0; i < count; i++) {
      workers.add(newWorker());
    }
    ledger.restarted().forEach(this::drop);
  }

  private Worker newWorker() {
    return new Worker("worker-" + names++, 1 + random.nextInt(4), ledger.version());
  }

  private void drop(LedgerEvent.GroupDropped event) {
    PromptTicket ticket = ledger.ticket(event.groupId());
    apply(event);
    if (bug != Bug.PROMPT_VANISHES) {
      RunLedger.reissue(ticket, event.reason()).ifPresent(cursor::giveBack);
    }
  }

  private void apply(LedgerEvent event) {
    checker.check(event);
    ledger.apply(event);
    journal.add(event);
  }
}
