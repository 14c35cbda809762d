package krites.actors;

import static krites.actors.WholeRunTest.completed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import krites.grpo.Drop;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.flow.RewardPolicy.OnFailure;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import org.junit.jupiter.api.Test;

/** Planted stalls: whoever hangs is named, and something is done about it by policy. */
final class StallTest {
  private static final Duration SUSPECT = Duration.ofMillis(300);
  private static final Duration STALL = Duration.ofMillis(1_500);
  private static final Duration NUDGE = Duration.ofMillis(100);

  private final World world = new World();

  StallTest() {
    world.suspectAfter = SUSPECT;
    world.stallAfter = STALL;
    world.nudgeAfter = NUDGE;
  }

  // --- a rollout worker that never answers

  @Test
  void groupsOfAWorkerThatHangsAreHedgedAndItIsReplacedWhileTheOthersGoOn() throws Exception {
    world.steps = 200;
    hangsOnce(30);
    world.beforeEachPiece = step -> restUntilReplaced();
    RunSummary summary = completed(world.run());

    assertEquals(4, world.engines.get(), "a fourth engine replaces the one that hangs");
    List<LedgerEvent.GroupDispatched> hedges =
        world.notes.events.stream()
            .filter(LedgerEvent.GroupDispatched.class::isInstance)
            .map(LedgerEvent.GroupDispatched.class::cast)
            .toList();
    assertFalse(hedges.isEmpty(), "its groups were given to a second worker");
    assertTrue(namedInAStatus("is busy with its engine"), world.notes.statuses::toString);
    closes(summary);
  }

  @Test
  void aWorkerThatHangsAloneIsReplacedAndTheRunGoesOn() throws Exception {
    world.rolloutWorkers = 1;
    hangsOnce(30);
    RunSummary summary = completed(world.run());

    assertEquals(2, world.engines.get());
    assertEquals(1, summary.workersLost());
    assertTrue(summary.account().dropped().get(Drop.WORKER_LOST) >= 1, summary.toString());
    closes(summary);
  }

  @Test
  void aWorkerThatHangsAloneEndsTheRunWhereThePolicyIsToStop() throws Exception {
    world.rolloutWorkers = 1;
    world.onStall = Patience.OnStall.STOP;
    hangsOnce(30);

    String reason = failed();

    assertTrue(reason.startsWith("nothing moved for "), reason);
    assertTrue(reason.endsWith("it comes down to rollout-0"), reason);
    assertEquals(1, world.engines.get());
    RunStatus last = world.notes.statuses.getLast();
    assertEquals("ended", last.phase());
    assertEquals(reason, last.diagnosis());
  }

  @Test
  void workersThatAlwaysHangEndTheRunWhenTheRestartsAreUsedUp() throws Exception {
    world.rolloutWorkers = 1;
    world.restarts = 1;
    world.onStart = request -> world.hang();

    String reason = failed();

    assertTrue(reason.startsWith("rollout-0-1 hangs: it got nowhere for "), reason);
    assertTrue(reason.endsWith("(1 workers were replaced before)"), reason);
    assertEquals(2, world.engines.get());
  }

  @Test
  void aStopIsInTimeAlthoughEverythingHangs() throws Exception {
    world.stallAfter = Duration.ofMinutes(5);
    world.stopWithin = Duration.ofMillis(300);
    CountDownLatch hangs = new CountDownLatch(2);
    world.onStart =
        request -> {
          hangs.countDown();
          world.hang();
        };
    RunHandle handle = world.start();
    hangs.await();
    handle.stop();
    RunOutcome.Stopped stopped = assertInstanceOf(RunOutcome.Stopped.class, World.await(handle));
    assertEquals(0, stopped.summary().steps());
  }

  // --- a reward that blocks

  @Test
  void aRewardWorkerThatBlocksIsReplacedAndNoGroupIsLost() throws Exception {
    world.rewardWorkers = 1;
    world.rewards = new RewardPolicy(SUSPECT, 8, 0, SUSPECT, OnFailure.DROP, 0);
    world.stallAfter = Duration.ofSeconds(20); // the reward's own deadlines are what acts
    AtomicInteger scored = new AtomicInteger();
    AtomicBoolean blocked = new AtomicBoolean();
    var reward = world.reward;
    world.reward =
        (prompt, response) -> {
          if (scored.incrementAndGet() > 40 && !blocked.getAndSet(true)) {
            world.hang();
          }
          return reward.score(prompt, response);
        };

    RunSummary summary = completed(world.run());

    assertTrue(blocked.get());
    assertEquals(0, summary.account().dropped().getOrDefault(Drop.REWARD_FAILED, 0L));
    closes(summary);
  }

  // --- a learner that dies between checkpoint and publish

  @Test
  void aLearnerThatDiesBetweenCheckpointAndPublishGoesBackAndTrainsEachStepOnce() throws Exception {
    World straight = new World();
    straight.maxStaleness = 0;
    completed(straight.run());

    world.maxStaleness = 0;
    world.checkpointEvery = 4;
    world.recovery = Optional.of(world::fromLastCheckpoint);
    diesOnceBeforePublishing(9);
    RunSummary summary = completed(world.run());

    assertEquals(straight.lastSaved().weights(), world.lastSaved().weights());
    assertEquals(1, summary.version().term());
    assertEquals(80, world.lastSaved().groups().stream().distinct().count());
    closes(summary);
  }

  @Test
  void aLearnerThatDiesBetweenCheckpointAndPublishEndsARunThatCannotGoBack() throws Exception {
    world.checkpointEvery = 4;
    diesOnceBeforePublishing(9);
    assertEquals("learner failed: the disk of v9 is gone", failed());
  }

  @Test
  void aLearnerThatHangsIsNamed() throws Exception {
    world.beforeEachPiece =
        step -> {
          if (step == 5) {
            world.hang();
          }
        };
    String reason = failed();
    assertTrue(reason.startsWith("learner hangs: "), reason);
    assertTrue(reason.contains("orchestrator waits for step 5 from learner since"), reason);
  }

  // --- a lost weight announcement

  @Test
  void weightsWhoseOfferIsLostAreOfferedAgain() throws Exception {
    world.maxStaleness = 0;
    world.steps = 6;
    world.rolloutWorkers = 1;
    world.stallAfter = Duration.ofSeconds(20);
    AtomicInteger lost = new AtomicInteger();
    world.loses =
        message ->
            message instanceof RolloutWorker.UpdateWeights(var update)
                && update.version().number() == 3
                && lost.getAndIncrement() == 0;
    RunSummary summary = completed(world.run());
    assertTrue(lost.get() >= 2, "it was offered again");
    assertEquals(24, summary.account().trained());
    assertEquals(1, world.engines.get());
  }

  @Test
  void anAnnouncementThatIsLostIsRepeated() throws Exception {
    AtomicInteger lost = new AtomicInteger();
    world.loses =
        message ->
            message instanceof Orchestrator.Announced(var update)
                && update.version().number() == world.steps
                && lost.getAndIncrement() == 0;
    closes(completed(world.run()));
    assertTrue(lost.get() >= 2, "it was repeated");
  }

  @Test
  void aVersionThatIsNeverAnnouncedIsNamed() throws Exception {
    world.loses =
        message ->
            message instanceof Orchestrator.Announced(var update)
                && update.version().number() == world.steps;
    String reason = failed();
    assertTrue(
        reason.contains("waits for the announcement of v20 from parameter-server since"), reason);
    assertTrue(reason.startsWith("parameter-server hangs: "), reason);
  }

  @Test
  void weightsThatNeverReachAWorkerAreNamed() throws Exception {
    world.maxStaleness = 0;
    world.rolloutWorkers = 1;
    world.onStall = Patience.OnStall.STOP;
    world.stallAfter = Duration.ofMillis(2_500); // a worker says once a second what it waits for
    world.loses =
        message ->
            message instanceof RolloutWorker.UpdateWeights(var update)
                && update.version().number() >= 3;
    String reason = failed();
    assertTrue(
        reason.contains("rollout-0 waits for weights newer than v2, the policy is v3"), reason);
    assertTrue(reason.endsWith("it comes down to parameter-server"), reason);
  }

  // --- a full queue

  @Test
  void aRecorderThatDoesNotWriteStopsAdmissionAtTheBoundAndIsNamed() throws Exception {
    world.steps = 1_000_000;
    world.serializes = false; // thousands of groups are on the way to the bound
    world.groupsPerStep = 16;
    world.rolloutWorkers = 6;
    world.rewardWorkers = 4;
    AtomicLong noted = new AtomicLong();
    world.loses =
        message -> {
          if (message instanceof Recorder.RecordEvents(var _, long entries, var _)) {
            noted.accumulateAndGet(entries, Math::max);
          }
          return false;
        };
    World.Notes notes = world.notes;
    world.recorder =
        world.new Notes() {
          @Override
          public void events(List<LedgerEvent> more) {
            while (!world.closed.contains("trainer")) { // until the run is given up
              try {
                Thread.sleep(10);
              } catch (InterruptedException again) {
                // for ever means for ever
              }
            }
            notes.events(more);
          }
        };

    String reason = failed();

    assertTrue(reason.contains("journal entries to be written from recorder since"), reason);
    assertTrue(reason.contains("it comes down to recorder"), reason);
    long perGroup = 6; // entries that a group in flight can still cause, and some for its step
    long bound =
        FlowJournal.MOST_UNWRITTEN
            + perGroup * (world.settings().limits().admitted(0) + world.groupsPerStep);
    assertTrue(noted.get() > FlowJournal.MOST_UNWRITTEN, noted + " entries");
    assertTrue(noted.get() <= bound, noted + " entries, more than " + bound);
  }

  private String failed() throws Exception {
    return assertInstanceOf(RunOutcome.Failed.class, world.run()).reason();
  }

  /** The engine that is asked for the n-th group never comes back. */
  private void hangsOnce(int nth) {
    AtomicInteger started = new AtomicInteger();
    world.onStart =
        request -> {
          if (started.incrementAndGet() == nth) {
            world.hang();
          }
        };
  }

  /** So that the others are still at work when the one that hangs is replaced. */
  private void restUntilReplaced() {
    if (world.engines.get() < 4) {
      try {
        Thread.sleep(15);
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void diesOnceBeforePublishing(long version) {
    AtomicBoolean died = new AtomicBoolean();
    world.beforePublish =
        number -> {
          if (number == version && !died.getAndSet(true)) {
            throw new IllegalStateException("the disk of v" + version + " is gone");
          }
        };
  }

  private boolean namedInAStatus(String what) {
    return world.notes.statuses.stream()
        .flatMap(status -> status.waits().stream())
        .anyMatch(wait -> wait.toString().contains(what));
  }

  private void closes(RunSummary summary) {
    assertEquals(world.steps, summary.steps());
    assertEquals((long) world.steps * world.groupsPerStep, summary.account().trained());
    assertEquals(0, summary.account().inFlight());
    assertEquals(summary.account(), world.replayed().account());
  }
}
