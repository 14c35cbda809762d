package krites.actors;

import com.typesafe.config.ConfigFactory;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Reward;
import krites.grpo.Sampling;
import krites.grpo.Task;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupFilter;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.RunState;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.objective.AdvantageRule;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.ControlInbox;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.PromptSource;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RunRecorder;
import krites.grpo.port.WeightVerifier;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;

/**
 * Hand-written fakes of every room, and what they saw. A test changes the fields that it is about.
 */
final class World {
  static final long SEED = 7;
  static final PolicyVersion FIRST = new PolicyVersion(0, 0);

  /**
   * A checkpoint as the fake store keeps it.
   *
   * @param groups that are in the weights, in the order in which they were trained
   */
  record Saved(RunState state, long weights, List<Long> groups) {}

  final ConcurrentLinkedQueue<GroupRequest> requests = new ConcurrentLinkedQueue<>();
  final ConcurrentLinkedQueue<TrainingBatch> batches = new ConcurrentLinkedQueue<>();
  final ConcurrentLinkedQueue<String> closed = new ConcurrentLinkedQueue<>();
  final ConcurrentLinkedQueue<Saved> saved = new ConcurrentLinkedQueue<>();
  final Set<String> unreadable = ConcurrentHashMap.newKeySet();
  final Set<String> stored = ConcurrentHashMap.newKeySet();
  final AtomicInteger engines = new AtomicInteger();
  final Notes notes = new Notes();

  /** No engine gets anywhere while this is set. */
  volatile boolean rolloutRests;

  int steps = 20;
  int groupsPerStep = 4;
  int maxStaleness = 1;
  int rolloutWorkers = 3;
  int evaluators = 0;
  int rewardWorkers = 2;
  int evalEvery = 0;
  int checkpointEvery = 0;
  int samplesPerStep = 2;
  int restarts = 3;
  Duration stallAfter = Duration.ofSeconds(20);
  Duration stopWithin = Duration.ofSeconds(8);
  Duration nudgeAfter = Duration.ofSeconds(5);
  Duration suspectAfter = Duration.ofSeconds(10);
  Patience.OnStall onStall = Patience.OnStall.RESTART;
  Optional<Continuation> start = Optional.empty();
  int learnerMembers = 1;
  int recoveries = 1;
  int overIssue = 0;
  int poisonLimit = 3;
  int retryBudget = 20;
  GroupFilter filter = GroupFilter.OFF;
  double hedgeFactor = 0;
  boolean recordBatches = false;
  boolean serializes = true;
  ControlInbox inbox = ControlInbox.none();

  /** Called before an engine takes weights over. */
  Consumer<WeightUpdate> beforeUpdate = update -> {};

  WeightUpdateMode weightUpdate = WeightUpdateMode.IN_FLIGHT;
  int partialTokens = 0;
  RewardPolicy rewards = RewardPolicy.STANDARD;
  Map<String, EvalSet> evalSets = Map.of();
  RewardFunction reward = (prompt, response) -> reward(response.ids().at(0) % 2, 1);
  Consumer<GroupRequest> onStart = request -> {};
  LongConsumer beforeEachPiece = step -> {};
  LongConsumer beforePublish = version -> {};
  LongConsumer afterPublish = version -> {};
  LongConsumer beforeSave = step -> {};
  LongConsumer afterSave = step -> {};

  /** Messages that never arrive; asked from many threads. */
  Predicate<Object> loses = message -> false;

  private final CountDownLatch over = new CountDownLatch(1);
  IntFunction<RolloutEngine> engineFactory =
      index -> {
        engines.incrementAndGet();
        return new FakeEngine(this, 3, request -> onStart.accept(request));
      };
  IntFunction<RolloutEngine> evaluatorFactory =
      index -> new FakeEngine(this, 3, request -> onStart.accept(request));
  Supplier<PolicyTrainer> trainer =
      () -> new FakeTrainer(this, FIRST, 1, step -> beforeEachPiece.accept(step));
  RunRecorder recorder = notes;
  LongSupplier nanos = System::nanoTime;
  WeightVerifier verifier = new Verifier();
  Optional<Supplier<Optional<RunParts.Recovery>>> recovery = Optional.empty();

  static Reward reward(double accuracy, double format) {
    Map<String, Double> terms = new LinkedHashMap<>();
    terms.put("accuracy", accuracy);
    terms.put("format", format);
    return new Reward(0.9 * accuracy + 0.1 * format, terms);
  }

  RunSettings settings() {
    return new RunSettings(
        new FlowLimits(steps, groupsPerStep, maxStaleness, overIssue, retryBudget, poisonLimit),
        new Sampling(4, 1f, 1f, 0, 1f, 12),
        12,
        AdvantageRule.Standardised.published(),
        filter,
        new RunSettings.Workers(
            rolloutWorkers, evaluators, rewardWorkers, learnerMembers, restarts, recoveries),
        new RunSettings.Asynchrony(weightUpdate, partialTokens, hedgeFactor),
        rewards,
        evalEvery,
        checkpointEvery,
        SEED,
        samplesPerStep,
        recordBatches,
        RunSettings.Live.NONE,
        new Patience(nudgeAfter, suspectAfter, stallAfter, stopWithin, onStall),
        start);
  }

  RunParts parts() {
    return new RunParts(
        engineFactory,
        evaluatorFactory,
        trainer,
        reward,
        prompts("train", 50),
        evalSets,
        recorder,
        store(),
        verifier,
        recovery,
        inbox,
        nanos);
  }

  RunHandle start() {
    // Every message goes through its serializer, as it would between two machines.
    String serializers = "pekko.actor.serialize-messages = " + serializes + "\n";
    return KritesRun.start(
        settings(), parts(), ConfigFactory.parseString(serializers + LossyMailbox.config(loses)));
  }

  /** Blocks for ever, that is until the run has ended, so that its threads can be had back. */
  void hang() {
    boolean interrupted = false;
    while (over.getCount() > 0) {
      try {
        over.await();
      } catch (InterruptedException again) {
        interrupted = true; // for ever means for ever
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  RunOutcome run() throws Exception {
    return await(start());
  }

  static RunOutcome await(RunHandle handle) throws Exception {
    return handle.outcome().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  /** The journal since a checkpoint. */
  Continuation continuation(Saved checkpoint) {
    int contained = (int) checkpoint.state().journal();
    return new Continuation(
        checkpoint.state(), notes.events.subList(contained, notes.events.size()));
  }

  /** The version under which a run goes on from a checkpoint. */
  PolicyVersion takenOver(Saved checkpoint) {
    PolicyVersion last = continuation(checkpoint).ledger().version();
    return new PolicyVersion(last.term() + 1, checkpoint.state().version().number());
  }

  /** The same world, going on from a checkpoint. */
  World resumedFrom(Saved checkpoint) {
    World next = new World();
    next.steps = steps;
    next.learnerMembers = learnerMembers;
    next.groupsPerStep = groupsPerStep;
    next.maxStaleness = maxStaleness;
    next.evalEvery = evalEvery;
    next.weightUpdate = weightUpdate;
    next.partialTokens = partialTokens;
    next.evalSets = evalSets;
    next.evaluators = evaluators;
    next.start = Optional.of(continuation(checkpoint));
    next.trainer =
        () ->
            new FakeTrainer(
                next, takenOver(checkpoint), checkpoint.weights(), checkpoint.groups(), step -> {});
    return next;
  }

  /** Goes back to the last checkpoint, with whatever of the journal was written. */
  Optional<RunParts.Recovery> fromLastCheckpoint() {
    return saved.stream()
        .reduce((first, second) -> second)
        .map(
            last ->
                new RunParts.Recovery(
                    continuation(last),
                    () ->
                        new FakeTrainer(
                            this,
                            takenOver(last),
                            last.weights(),
                            last.groups(),
                            step -> beforeEachPiece.accept(step))));
  }

  Saved lastSaved() {
    return saved.stream().reduce((first, second) -> second).orElseThrow();
  }

  /** The ledger that the recorded journal leads to. */
  RunLedger replayed() {
    return RunLedger.replay(notes.events);
  }

  /** Tickets of groups by their id, from the recorded journal. */
  Map<Long, PromptTicket> tickets() {
    Map<Long, PromptTicket> tickets = new LinkedHashMap<>();
    for (LedgerEvent event : notes.events) {
      if (event instanceof LedgerEvent.GroupStarted(long id, PromptTicket ticket, String _)) {
        tickets.put(id, ticket);
      }
    }
    return tickets;
  }

  static PromptSource prompts(String name, long size) {
    return new PromptSource() {
      @Override
      public long size() {
        return size;
      }

      @Override
      public Prompt prompt(long index) {
        return new Prompt(
            name + "-" + index,
            Task.CRITIC,
            "Which is better?",
            List.of(),
            index % 2 == 0 ? "1" : "2",
            Map.of("kind", index % 2 == 0 ? "even" : "odd"));
      }
    };
  }

  WeightUpdate publish(PolicyVersion version, long weights) {
    String location = "weights-" + version.term() + "-" + version.number();
    stored.add(location);
    return new WeightUpdate(version, location, Long.toHexString(weights));
  }

  void requireThere(WeightUpdate update) {
    if (!stored.contains(update.location())) {
      throw new UncheckedIOException(new NoSuchFileException(update.location()));
    }
  }

  private CheckpointStore store() {
    return (state, policy) -> {
      FakeTrainer fake = (FakeTrainer) policy;
      beforeSave.accept(state.step());
      saved.add(new Saved(state, fake.weights(), fake.groups()));
      afterSave.accept(state.step());
      return Path.of("step-" + state.step());
    };
  }

  private final class Verifier implements WeightVerifier {
    @Override
    public void verify(WeightUpdate update) {
      requireThere(update);
    }

    @Override
    public void retire(WeightUpdate update) {
      stored.remove(update.location());
    }
  }

  /** What was recorded. Written by one thread at a time, read when the run is over. */
  class Notes implements RunRecorder {
    final List<StepRecord> steps = new ArrayList<>();
    final List<SampleRecord> samples = new ArrayList<>();
    final List<EvalRecord> evals = new CopyOnWriteArrayList<>();
    final List<LedgerEvent> events = new ArrayList<>();
    final List<RunSummary> summaries = new ArrayList<>();
    final List<TrainingBatch> batches = new ArrayList<>();
    final List<RunStatus> statuses = new CopyOnWriteArrayList<>();
    final AtomicInteger syncs = new AtomicInteger();

    @Override
    public void step(StepRecord step) {
      steps.add(step);
    }

    @Override
    public void samples(List<SampleRecord> more) {
      samples.addAll(more);
    }

    @Override
    public void eval(EvalRecord eval) {
      evals.add(eval);
    }

    @Override
    public void events(List<LedgerEvent> more) {
      events.addAll(more);
    }

    @Override
    public void sync() {
      syncs.incrementAndGet();
    }

    @Override
    public void batch(TrainingBatch batch) {
      batches.add(batch);
    }

    @Override
    public void status(RunStatus status) {
      statuses.add(status);
    }

    @Override
    public void summary(RunSummary summary) {
      summaries.add(summary);
      over.countDown();
    }
  }
}
