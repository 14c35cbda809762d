package krites.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupState.Phase;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.PromptSetAside;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.PromptMix;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunLedger;

/**
 * A ledger that is kept full: 1,000 workers and 100,000 groups in flight. Workers finish their
 * groups in any order, so that some come too late and are swept.
 *
 * <p>Every decision is asked for as an orchestrator asks for it, and each event is counted.
 */
final class LedgerLoad {
  static final int WORKERS = 1_000;
  static final int IN_FLIGHT = 100_000;

  private static final int GROUPS_PER_STEP = 100;
  private static final int STALENESS = IN_FLIGHT / GROUPS_PER_STEP - 1; // admits exactly IN_FLIGHT
  private static final int BUDGET = Integer.MAX_VALUE; // a benchmark must not run out of prompts
  private static final long PROMPTS = 1_000_003;

  /** A group at a worker, and the version that it was begun with. */
  private record Job(long groupId, PolicyVersion version) {}

  private final List<String> workers =
      IntStream.range(0, WORKERS).mapToObj(i -> "worker-" + i).toList();
  private final List<List<Job>> sampled =
      workers.stream().map(_ -> (List<Job>) new ArrayList<Job>()).toList();
  private final Random random = new Random(1);
  private final RunLedger ledger;
  private long events;

  private LedgerLoad() {
    FlowLimits limits =
        new FlowLimits(Long.MAX_VALUE / 2, GROUPS_PER_STEP, STALENESS, 0, BUDGET, BUDGET);
    ledger =
        RunLedger.of(new RunStarted(1, PROMPTS, PromptMix.NONE, limits, new PolicyVersion(0, 0)));
  }

  /** A ledger without any group. */
  static LedgerLoad empty() {
    return new LedgerLoad();
  }

  /** A full ledger; half of the groups are ready, half are being sampled. */
  static LedgerLoad full() {
    LedgerLoad load = new LedgerLoad();
    load.fill();
    while (load.ledger.ready() < IN_FLIGHT / 2) {
      load.finishOne();
    }
    return load;
  }

  /** A full ledger; all groups are being sampled. */
  static LedgerLoad sampling() {
    LedgerLoad load = new LedgerLoad();
    load.fill();
    return load;
  }

  /** A full ledger; all groups are ready. */
  static LedgerLoad ready() {
    LedgerLoad load = sampling();
    while (load.ledger.ready() < IN_FLIGHT) {
      load.finishOne();
    }
    return load;
  }

  /** One training step: what became stale, the batch, its groups anew, as many finished. */
  void step() {
    ledger.stale().forEach(this::apply);
    BatchTaken batch = ledger.batch().orElseThrow();
    apply(batch);
    ledger.surplus().forEach(this::apply);
    apply(new StepTrained(batch.step(), ledger.version().next()));
    fill();
    while (ledger.ready() < IN_FLIGHT / 2) {
      finishOne();
    }
  }

  /** A worker dies with all that it has, and other workers begin that again. */
  void loseWorker() {
    int dead = random.nextInt(WORKERS);
    ledger.lost(workers.get(dead)).forEach(this::apply);
    ledger.condemned().forEach(this::apply);
    sampled.get(dead).clear();
    fill();
  }

  /** Starts groups while there is room. */
  void fill() {
    while (ledger.mayStart()) {
      int worker = random.nextInt(WORKERS);
      Optional<PromptTicket> suspect = ledger.suspect();
      PromptTicket ticket = suspect.orElseGet(ledger::due);
      Optional<PromptSetAside> skip = ledger.skip(ticket);
      if (skip.isPresent()) {
        apply(skip.get());
        continue;
      }
      GroupStarted started = ledger.start(ticket, workers.get(worker));
      apply(started);
      sampled.get(worker).add(new Job(started.groupId(), ledger.version()));
    }
  }

  /** Some worker finishes some group, and its rewards come. */
  void finishOne() {
    int worker = random.nextInt(WORKERS);
    List<Job> jobs = sampled.get(worker);
    if (jobs.isEmpty()) {
      return;
    }
    int index = random.nextInt(jobs.size());
    Job job = jobs.get(index);
    jobs.set(index, jobs.getLast());
    jobs.removeLast();
    if (ledger.isIn(Phase.GENERATING, job.groupId)) {
      apply(new GroupGenerated(job.groupId, workers.get(worker), job.version, 1000));
      apply(new GroupReady(job.groupId));
    }
  }

  RunLedger ledger() {
    return ledger;
  }

  /** Events applied since the last time that this was asked. */
  long takeEvents() {
    long count = events;
    events = 0;
    return count;
  }

  private void apply(LedgerEvent event) {
    ledger.apply(event);
    events++;
  }
}
