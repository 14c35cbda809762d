package krites.app.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupState;
import krites.grpo.flow.GroupState.Phase;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.CheckpointWritten;
import krites.grpo.flow.LedgerEvent.GroupCut;
import krites.grpo.flow.LedgerEvent.GroupDispatched;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.PromptSetAside;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import krites.grpo.flow.PromptMix;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.RunState;

/**
 * A run played with the ledger alone: seeded, with every kind of event, and with checkpoints. Its
 * workers are slow, hedged, cut and lost at random.
 */
public final class PlayedRun {
  /** Where the events and checkpoints of a played run go. */
  public interface Sink {
    /** The next events. */
    void events(List<LedgerEvent> events);

    /** A checkpoint, before the event that tells of it. */
    void checkpoint(RunState state);
  }

  private static final long CHECKPOINT_EVERY = 2;
  private static final long PROMPTS = 17;
  private static final String[] WORKERS = {"worker-1", "worker-2", "worker-3"};

  private final SplittableRandom random;
  private final Sink sink;
  private final RunLedger ledger;
  private final TreeMap<Long, PolicyVersion> oldest = new TreeMap<>();
  private long records;

  private PlayedRun(long seed, RunLedger ledger, long records, Sink sink) {
    this.random = new SplittableRandom(seed);
    this.ledger = ledger;
    this.records = records;
    this.sink = sink;
  }

  /** The limits of the runs that are played. */
  public static FlowLimits limits() {
    return new FlowLimits(7, 2, 1, 1, 3, 2);
  }

  /** Plays a whole run. */
  public static void play(long seed, Sink sink) {
    RunStarted started =
        new RunStarted(seed, PROMPTS, PromptMix.NONE, limits(), new PolicyVersion(0, 0));
    PlayedRun run = new PlayedRun(seed, RunLedger.of(started), 1, sink);
    sink.events(List.of(started));
    run.apply(new VersionPublished(started.version(), run.digest()));
    run.play();
  }

  /** All events of a whole run. */
  public static List<LedgerEvent> events(long seed) {
    List<LedgerEvent> events = new ArrayList<>();
    play(
        seed,
        new Sink() {
          @Override
          public void events(List<LedgerEvent> next) {
            events.addAll(next);
          }

          @Override
          public void checkpoint(RunState state) {}
        });
    return events;
  }

  /** Plays the rest of a run. */
  static void goOn(long seed, Continuation from, PolicyVersion version, Sink sink) {
    PlayedRun run = new PlayedRun(seed, from.ledger(), from.journal(), sink);
    run.ledger.restarted().forEach(run::apply);
    run.apply(new RunResumed(from.state().step(), version, limits()));
    run.apply(new VersionPublished(version, run.digest()));
    run.play();
  }

  private void apply(LedgerEvent event) {
    ledger.apply(event);
    sink.events(List.of(event));
    records++;
  }

  private String digest() {
    return "%016x".formatted(31 * ledger.version().number() + 7);
  }

  private void play() {
    while (!ledger.isComplete()) {
      ledger.condemned().forEach(this::apply);
      switch (random.nextInt(8)) {
        case 0, 1 -> start();
        case 2 -> anyIn(Phase.SCORING).ifPresent(this::score);
        case 3, 4 -> anyIn(Phase.GENERATING).ifPresent(this::handBack);
        case 5 -> ledger.parked().ifPresent(id -> apply(new GroupDispatched(id, worker())));
        case 6 -> trouble();
        default -> train();
      }
    }
    apply(new RunEnded("completed"));
  }

  private void start() {
    if (!ledger.mayStart()) {
      return;
    }
    PromptTicket ticket = ledger.suspect().orElseGet(ledger::due);
    Optional<PromptSetAside> skip = ledger.skip(ticket);
    if (skip.isPresent()) {
      apply(skip.get());
    } else {
      LedgerEvent.GroupStarted started = ledger.start(ticket, worker());
      apply(started);
      oldest.put(started.groupId(), ledger.version());
    }
  }

  private void score(long id) {
    apply(
        random.nextInt(12) == 0
            ? new GroupDropped(id, random.nextBoolean() ? Drop.FLAT : Drop.REWARD_FAILED)
            : new GroupReady(id));
  }

  private void handBack(long id) {
    GroupState state = ledger.state(id).orElseThrow();
    String worker = state.workers().get(random.nextInt(state.workers().size()));
    switch (random.nextInt(6)) {
      case 0 -> apply(new GroupCut(id, worker, oldest.get(id)));
      case 1 -> {
        String other = worker();
        if (ledger.mayHedge(id, other)) {
          apply(new GroupDispatched(id, other));
        }
      }
      default -> apply(new GroupGenerated(id, worker, oldest.get(id), 10 + random.nextInt(90)));
    }
  }

  private void trouble() {
    switch (random.nextInt(6)) {
      case 0, 1 -> ledger.lost(worker()).forEach(this::apply);
      case 2 ->
          anyIn(Phase.GENERATING).ifPresent(id -> apply(new GroupDropped(id, Drop.ROLLOUT_FAILED)));
      case 3 -> {
        int before = ledger.limits().maxStaleness();
        int after = random.nextInt(3);
        apply(
            new SettingChanged(
                "async.max-staleness",
                Integer.toString(before),
                Integer.toString(after),
                ledger.version(),
                ledger.limits().withMaxStaleness(after)));
      }
      default -> {}
    }
  }

  private void train() {
    ledger.stale().forEach(this::apply);
    Optional<BatchTaken> batch = ledger.batch();
    if (batch.isEmpty()) {
      return;
    }
    apply(batch.get());
    ledger.surplus().forEach(this::apply);
    apply(new StepTrained(batch.get().step(), ledger.version().next()));
    apply(new VersionPublished(ledger.version(), digest()));
    if (ledger.completedSteps() % CHECKPOINT_EVERY == 0 || ledger.isComplete()) {
      sink.checkpoint(new RunState(-1, ledger.snapshot(), records));
      apply(new CheckpointWritten(ledger.completedSteps()));
    }
  }

  private Optional<Long> anyIn(Phase phase) {
    List<Long> ids =
        ledger.snapshot().inFlight().stream()
            .filter(flight -> flight.state().phase() == phase)
            .map(flight -> flight.groupId())
            .toList();
    return ids.isEmpty() ? Optional.empty() : Optional.of(ids.get(random.nextInt(ids.size())));
  }

  private String worker() {
    return WORKERS[random.nextInt(WORKERS.length)];
  }
}
