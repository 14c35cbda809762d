package krites.actors;

import static krites.actors.WholeRunTest.completed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import krites.grpo.Drop;
import krites.grpo.Reward;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.flow.RewardPolicy.OnFailure;
import krites.grpo.flow.RunLedger;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunSummary;
import krites.grpo.record.StepRecord;
import org.junit.jupiter.api.Test;

/** Whole runs whose rewards fail in every way; the account closes each time. */
final class RewardFailureTest {
  private static final Duration SOON = Duration.ofMillis(200);
  private static final Duration NEVER = Duration.ofSeconds(30); // within a test

  private final CountDownLatch summarised = new CountDownLatch(1);
  private final World world = new World();

  @Test
  void aRewardThatThrowsNowAndThenCostsATryAndNoGroup() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    var reward = world.reward;
    world.rewards = policy(8, 0, OnFailure.DROP);
    world.reward =
        (prompt, response) -> {
          if (tries.incrementAndGet() % 17 == 0) {
            throw new IllegalStateException("the judge is busy");
          }
          return reward.score(prompt, response);
        };
    RunSummary summary = completed(world.run());
    assertEquals(80, summary.account().trained());
    assertFalse(summary.account().dropped().containsKey(Drop.REWARD_FAILED), summary.toString());
    assertEquals(0.0, lastStep("reward/default_rate"));
    closes(summary);
  }

  @Test
  void aRewardThatBlocksForEverOnOneWorkerHoldsUpNoGroup() throws Exception {
    AtomicBoolean blocks = new AtomicBoolean(true);
    AtomicInteger scored = new AtomicInteger();
    var reward = world.reward;
    world.rewards = policy(8, 0, OnFailure.DROP);
    world.recorder = untilSummarised();
    world.reward =
        (prompt, response) -> {
          if (scored.incrementAndGet() > 20 && blocks.getAndSet(false)) {
            waitForTheEnd();
          }
          return reward.score(prompt, response);
        };
    RunSummary summary = completed(world.run());
    assertEquals(80, summary.account().trained());
    assertFalse(summary.account().dropped().containsKey(Drop.REWARD_FAILED), summary.toString());
    closes(summary);
  }

  @Test
  void allRewardWorkersThatBlockForEverLeaveTheDefaultAndNotAFlowThatStands() throws Exception {
    world.rewardWorkers = 8; // more than the flow has threads
    world.steps = 3;
    world.rewards = policy(1, 2, OnFailure.DEFAULT);
    world.recorder = untilSummarised();
    world.reward =
        (prompt, response) -> {
          waitForTheEnd();
          return World.reward(1, 1);
        };
    RunSummary summary = completed(world.run());
    assertEquals(12, summary.account().trained());
    assertEquals(1.0, lastStep("reward/default_rate"));
    closes(summary);
  }

  @Test
  void aRewardThatFailsForGoodOpensTheCircuitAndTheDefaultIsRecorded() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    AtomicBoolean isBroken = new AtomicBoolean();
    var reward = world.reward;
    world.evalSets = Map.of("held-out", new EvalSet(World.prompts("eval", 30), 5));
    world.rewards = new RewardPolicy(NEVER, 2, 3, Duration.ofMinutes(5), OnFailure.DEFAULT, -1);
    world.beforeEachPiece = step -> isBroken.compareAndSet(false, step == 10);
    world.reward =
        (prompt, response) -> {
          if (isBroken.get()) {
            asked.incrementAndGet();
            throw new IllegalStateException("the judge is gone");
          }
          return reward.score(prompt, response);
        };
    RunSummary summary = completed(world.run());
    assertEquals(20, summary.steps());
    assertEquals(80, summary.account().trained());
    assertFalse(summary.account().dropped().containsKey(Drop.REWARD_FAILED), summary.toString());
    assertTrue(asked.get() <= 4, "asked " + asked + " times"); // one may be under way at the third
    assertEquals(0.0, world.notes.steps.getFirst().metrics().get("reward/default_rate"));
    assertEquals(1.0, lastStep("reward/default_rate"));
    assertEquals(-1.0, lastStep("reward/mean"));
    assertEquals(Map.of("default", 1.0), world.notes.samples.getLast().terms());
    EvalRecord last = world.notes.evals.getLast();
    assertEquals(5, last.failed(), "a default says nothing about the policy: " + last);
    closes(summary);
  }

  @Test
  void whereGroupsAreDroppedTheyWaitUntilRewardsAreBack() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    var reward = world.reward;
    world.rewards = new RewardPolicy(NEVER, 2, 3, Duration.ofMillis(50), OnFailure.DROP, 0);
    world.reward =
        (prompt, response) -> {
          if (asked.incrementAndGet() <= 5) {
            throw new IllegalStateException("the judge is gone");
          }
          return reward.score(prompt, response);
        };
    RunSummary summary = completed(world.run());
    assertEquals(80, summary.account().trained());
    assertTrue(
        summary.account().dropped().getOrDefault(Drop.REWARD_FAILED, 0L) <= 2, summary.toString());
    closes(summary);
  }

  @Test
  void aRewardThatUsesTheNameOfTheDefaultIsRefused() throws Exception {
    world.reward = (prompt, response) -> new Reward(1, Map.of(RewardPolicy.DEFAULT_TERM, 1.0));
    RunOutcome.Failed failed = assertInstanceOf(RunOutcome.Failed.class, world.run());
    assertTrue(
        failed.reason().contains("the reward has a term default, which marks default rewards"),
        failed.reason());
  }

  @Test
  void aRunThatWaitsForARewardSaysSo() throws Exception {
    world.rewardWorkers = 1;
    world.groupsPerStep = 2;
    world.maxStaleness = 0;
    world.stallAfter = Duration.ofMillis(1_500);
    world.suspectAfter = Duration.ofMillis(200);
    world.onStall = Patience.OnStall.STOP;
    world.recorder = untilSummarised();
    world.reward =
        (prompt, response) -> {
          waitForTheEnd();
          return World.reward(1, 1);
        };
    String reason = assertInstanceOf(RunOutcome.Failed.class, world.run()).reason();
    assertTrue(reason.contains("it comes down to reward-0"), reason);
    assertTrue(reason.contains("waits for rewards of groups "), reason);
  }

  private static RewardPolicy policy(int attempts, int breakerFailures, OnFailure onFailure) {
    return new RewardPolicy(SOON, attempts, breakerFailures, SOON, onFailure, 0.5);
  }

  /** Blocked threads are let go when the run has ended, so that its actors can stop at once. */
  private World.Notes untilSummarised() {
    return world.new Notes() {
      @Override
      public void summary(RunSummary summary) {
        world.notes.summary(summary);
        summarised.countDown();
      }

      @Override
      public void step(StepRecord step) {
        world.notes.step(step);
      }

      @Override
      public void events(List<LedgerEvent> more) {
        world.notes.events(more);
      }
    };
  }

  private void waitForTheEnd() {
    boolean interrupted = false;
    while (summarised.getCount() > 0) {
      try {
        summarised.await();
      } catch (InterruptedException again) {
        interrupted = true; // for ever means for ever
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private double lastStep(String metric) {
    return world.notes.steps.getLast().metrics().get(metric);
  }

  /** Every event was lawful, and the account that they make is the one that was told. */
  private void closes(RunSummary summary) {
    RunLedger ledger = RunLedger.replay(world.notes.events);
    assertEquals(summary.account(), ledger.account());
    assertEquals(0, summary.account().inFlight());
  }
}
