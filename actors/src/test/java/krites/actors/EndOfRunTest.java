package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import krites.grpo.Drop;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightVerifier;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunSummary;
import krites.grpo.record.StepRecord;
import org.junit.jupiter.api.Test;

/** How runs end that do not just finish: stops, resumes, and every kind of failure. */
final class EndOfRunTest {
  private final World world = new World();
  private final AtomicBoolean died = new AtomicBoolean();

  @Test
  void aStoppedSynchronousRunGoesOnExactlyAsIfItHadNeverStopped() throws Exception {
    world.maxStaleness = 0;
    World straight = new World();
    straight.maxStaleness = 0;
    WholeRunTest.completed(straight.run());

    RunOutcome.Stopped stopped = stopAtStep(7);
    World.Saved checkpoint = world.saved.stream().toList().getLast();
    assertEquals(stopped.summary().steps(), checkpoint.state().step());
    assertEquals(Optional.of("step-" + checkpoint.state().step()), stopped.checkpoint());
    World second = world.resumedFrom(checkpoint);
    RunSummary summary = WholeRunTest.completed(second.run());

    List<TrainingBatch> both =
        Stream.concat(
                world.batches.stream().filter(batch -> batch.step() <= checkpoint.state().step()),
                second.batches.stream())
            .toList();
    assertEquals(prompts(straight.batches.stream().toList()), prompts(both));
    assertEquals(
        straight.saved.stream().toList().getLast().weights(),
        second.saved.stream().toList().getLast().weights());
    assertEquals(80, summary.account().trained());
  }

  @Test
  void anAsynchronousRunThatGoesOnDropsWhatWasInFlightAndClosesItsAccount() throws Exception {
    stopAtStep(5);
    World.Saved checkpoint = world.saved.stream().toList().getLast();
    int inFlight = checkpoint.state().ledger().inFlight().size();
    RunSummary summary = WholeRunTest.completed(world.resumedFrom(checkpoint).run());
    assertEquals(80, summary.account().trained());
    assertEquals(inFlight, summary.account().dropped().getOrDefault(Drop.RESTARTED, 0L));
    assertEquals(0, summary.account().inFlight());
    assertEquals(80 + summary.account().droppedInAll(), summary.account().issued());
  }

  @Test
  void checkpointsAreWrittenAsOftenAsAskedAndAtTheEnd() throws Exception {
    world.checkpointEvery = 8;
    WholeRunTest.completed(world.run());
    assertEquals(
        List.of(8L, 16L, 20L), world.saved.stream().map(saved -> saved.state().step()).toList());
  }

  @Test
  void anEvaluationThatACheckpointHasSeenIsNotRepeated() throws Exception {
    world.evalSets = Map.of("held-out", new EvalSet(World.prompts("eval", 5), 5));
    world.evalEvery = 5;
    world.checkpointEvery = 5;
    WholeRunTest.completed(world.run());
    World.Saved atFive = world.saved.peek();
    World second = world.resumedFrom(atFive);
    WholeRunTest.completed(second.run());
    assertEquals(5, atFive.state().evaluatedStep());
    assertEquals(
        List.of(10L, 15L, 20L), second.notes.evals.stream().map(EvalRecord::step).toList());
  }

  @Test
  void aRunIsStoppedBeforeItsLearnerIsReady() throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    var trainer = world.trainer;
    world.trainer =
        () -> {
          loading.countDown();
          awaitQuietly(release);
          return trainer.get();
        };
    RunHandle handle = world.start();
    loading.await();
    handle.stop();
    handle.stop();
    release.countDown();
    RunOutcome.Stopped stopped = assertInstanceOf(RunOutcome.Stopped.class, World.await(handle));
    assertEquals(0, stopped.summary().steps());
  }

  @Test
  void aStopDoesNotWaitForALearnerThatHangs() throws Exception {
    world.stopWithin = Duration.ofMillis(300);
    CountDownLatch hanging = new CountDownLatch(1);
    world.beforeEachPiece =
        step -> {
          hanging.countDown();
          world.hang();
        };
    RunHandle handle = world.start();
    hanging.await();
    handle.stop();
    RunOutcome.Stopped stopped = assertInstanceOf(RunOutcome.Stopped.class, World.await(handle));
    assertEquals(Optional.empty(), stopped.checkpoint());
  }

  @Test
  void aRewardThatFailsTwiceDropsItsGroupOnly() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    var reward = world.reward;
    world.reward =
        (prompt, response) -> {
          if (prompt.id().equals("train-7")) {
            tries.incrementAndGet();
            throw new IllegalStateException("cannot judge");
          }
          return reward.score(prompt, response);
        };
    RunSummary summary = WholeRunTest.completed(world.run());
    long dropped = summary.account().dropped().get(Drop.REWARD_FAILED);
    assertTrue(dropped >= 1);
    long unheard = tries.get() - 2 * dropped; // the end of the run may come before the last answer
    assertTrue(unheard >= 0 && unheard <= 2, dropped + " dropped after " + tries + " tries");
  }

  @Test
  void aRewardThatAlwaysFailsEndsTheRunWithItsReason() throws Exception {
    world.reward =
        (prompt, response) -> {
          throw new IllegalStateException("no box\nin the text");
        };
    RunOutcome.Failed failed = failed();
    assertTrue(failed.reason().contains("101 groups in a row could not be used"), failed.reason());
    assertTrue(failed.reason().endsWith("(REWARD_FAILED): no box in the text"), failed.reason());
    assertEquals(101, failed.summary().orElseThrow().account().dropped().get(Drop.REWARD_FAILED));
  }

  @Test
  void aRewardWorkerThatDiesLosesNoGroup() throws Exception {
    AtomicInteger scored = new AtomicInteger();
    var reward = world.reward;
    world.reward =
        (prompt, response) -> {
          if (scored.incrementAndGet() == 50) {
            throw new AssertionError("a bug in the reward");
          }
          return reward.score(prompt, response);
        };
    RunSummary summary = WholeRunTest.completed(world.run());
    assertEquals(80, summary.account().trained());
    assertFalse(summary.account().dropped().containsKey(Drop.REWARD_FAILED));
  }

  @Test
  void anEngineThatCannotBeMadeEndsTheRunAtOnceWithTheCause() throws Exception {
    world.engineFactory =
        index -> {
          throw new UncheckedIOException(new NoSuchFileException("model.safetensors"));
        };
    RunOutcome.Failed failed = failed();
    assertTrue(failed.reason().contains("rollout engine of rollout-"), failed.reason());
    assertTrue(failed.reason().contains("model.safetensors"), failed.reason());
    assertInstanceOf(UncheckedIOException.class, failed.cause().orElseThrow());
  }

  @Test
  void aLibraryThatCannotBeLoadedEndsTheRunAndNotTheProcess() throws Exception {
    world.trainer =
        () -> {
          throw new UnsatisfiedLinkError("libtorch.so");
        };
    assertTrue(failed().reason().contains("trainer: libtorch.so"));
  }

  @Test
  void anEngineThatKeepsDyingEndsTheRunAfterItsReplacements() throws Exception {
    world.rolloutWorkers = 1;
    world.restarts = 2;
    world.onStart =
        request -> {
          throw new IllegalStateException("device lost");
        };
    RunOutcome.Failed failed = failed();
    assertEquals(
        "rollout-0-2 failed: device lost (2 workers were replaced before)", failed.reason());
    assertEquals(3, world.engines.get());
    assertTrue(failed.summary().orElseThrow().account().dropped().get(Drop.WORKER_LOST) >= 3);
  }

  @Test
  void aLearnerThatDiesEndsTheRun() throws Exception {
    world.beforeEachPiece = this::dieInStepNine;
    RunOutcome.Failed failed = failed();
    assertEquals("learner failed: device lost", failed.reason());
    assertEquals(8, failed.summary().orElseThrow().steps());
    assertEquals(List.of(failed.summary().orElseThrow()), world.notes.summaries);
  }

  @Test
  void aLearnerThatDiesIsReplacedOnceFromItsLastCheckpoint() throws Exception {
    World straight = new World();
    straight.maxStaleness = 0;
    WholeRunTest.completed(straight.run());

    world.maxStaleness = 0;
    world.checkpointEvery = 4;
    AtomicInteger deaths = new AtomicInteger();
    world.beforeEachPiece =
        step -> {
          if (step == 9 && deaths.getAndIncrement() == 0) {
            throw new IllegalStateException("device lost");
          }
        };
    world.recovery = Optional.of(world::fromLastCheckpoint);
    RunSummary summary = WholeRunTest.completed(world.run());
    assertEquals(20, summary.steps());
    assertEquals(
        straight.saved.stream().toList().getLast().weights(),
        world.saved.stream().toList().getLast().weights());
  }

  @Test
  void aLearnerWithoutACheckpointToGoBackToEndsTheRun() throws Exception {
    world.beforeEachPiece = this::dieInStepNine;
    world.recovery = Optional.of(Optional::empty);
    assertEquals(
        "learner failed: device lost; there is no checkpoint to go back to", failed().reason());
  }

  @Test
  void aCheckpointOfAnotherVersionThanTheTrainersEndsTheRun() throws Exception {
    stopAtStep(5);
    World second = world.resumedFrom(world.saved.peek());
    second.trainer = () -> new FakeTrainer(second, World.FIRST, 1, step -> {});
    RunOutcome.Failed failed = assertInstanceOf(RunOutcome.Failed.class, second.run());
    assertTrue(failed.reason().contains("with v0, the policy was v"), failed.reason());
  }

  @Test
  void weightsThatCannotBeReadBackEndTheRunBeforeTheyAreAnnounced() throws Exception {
    WeightVerifier verifier = world.verifier;
    world.verifier =
        new WeightVerifier() {
          @Override
          public void verify(WeightUpdate update) {
            if (update.version().number() == 3) {
              throw new IllegalStateException("digest differs");
            }
            verifier.verify(update);
          }

          @Override
          public void retire(WeightUpdate update) {
            verifier.retire(update);
          }
        };
    RunOutcome.Failed failed = failed();
    assertEquals(
        "parameter-server failed: weights of v3 at weights-0-3 could not be verified: digest differs",
        failed.reason());
    assertEquals(3, failed.summary().orElseThrow().weightsVersions());
  }

  @Test
  void aRecorderThatCannotWriteEndsTheRun() throws Exception {
    world.recorder =
        world.new Notes() {
          @Override
          public void step(StepRecord step) {
            throw new IllegalStateException("disk is full");
          }
        };
    assertEquals("recorder failed: disk is full", failed().reason());
  }

  @Test
  void aRunInWhichNothingMovesFailsAndSaysWhoWaitsForWhom() throws Exception {
    world.stallAfter = Duration.ofMillis(400);
    world.suspectAfter = Duration.ofMillis(200);
    world.onStall = Patience.OnStall.STOP;
    world.rolloutWorkers = 1;
    world.rolloutRests = true;
    RunOutcome.Failed failed = failed();
    assertTrue(failed.reason().startsWith("nothing moved for 0."), failed.reason());
    assertTrue(
        failed.reason().contains("orchestrator waits for groups [1, 2, 3] from rollout-0 since"),
        failed.reason());
    assertTrue(failed.reason().endsWith("it comes down to rollout-0"), failed.reason());
  }

  private RunOutcome.Failed failed() throws Exception {
    return assertInstanceOf(RunOutcome.Failed.class, world.run());
  }

  private RunOutcome.Stopped stopAtStep(long stopStep) throws Exception {
    AtomicReference<RunHandle> handle = new AtomicReference<>();
    CountDownLatch known = new CountDownLatch(1);
    world.beforeEachPiece =
        step -> {
          if (step == stopStep) {
            awaitQuietly(known);
            world.rolloutRests = true; // so that the stop comes before the run is complete
            handle.get().stop();
          }
        };
    handle.set(world.start());
    known.countDown();
    return assertInstanceOf(RunOutcome.Stopped.class, World.await(handle.get()));
  }

  private void dieInStepNine(long step) {
    if (step == 9 && !died.getAndSet(true)) {
      throw new IllegalStateException("device lost");
    }
  }

  private static List<List<String>> prompts(List<TrainingBatch> batches) {
    return batches.stream()
        .map(batch -> batch.groups().stream().map(group -> group.group().prompt().id()).toList())
        .toList();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
