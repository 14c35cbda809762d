package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Response;
import krites.grpo.ScoredGroup;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.PromptMix;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.RunState;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;

/** Every message between the desk and the learner may be lost; the ticks repair it. */
final class LearnerDeskTest {
  private static final long NUDGE = 10;
  private static final PolicyVersion V0 = World.FIRST;
  private static final PolicyVersion V1 = new PolicyVersion(0, 1);

  private final TestInbox<Learner.Command> learner = TestInbox.create();
  private final TestInbox<ParameterServer.Command> server = TestInbox.create();
  private final TestInbox<Orchestrator.Command> self = TestInbox.create();
  private final LearnerDesk desk =
      new LearnerDesk(
          new RunFlow.Peers(
              learner.getRef(),
              server.getRef(),
              TestInbox.<Recorder.Command>create().getRef(),
              self.getRef()),
          update(V0),
          NUDGE,
          0);

  LearnerDeskTest() {
    assertEquals(List.of(new Learner.Ask()), learner.getAllReceived());
  }

  @Test
  void aLostBatchIsSentAgainWhenTheLearnerSaysThatItHasNone() {
    desk.announced(V0);
    desk.train(batch(), 0);
    desk.tick(NUDGE - 1);
    assertEquals(List.of(new Learner.Train(batch())), learner.getAllReceived());
    desk.tick(NUDGE);
    assertEquals(List.of(new Learner.Ask()), learner.getAllReceived());
    desk.tick(NUDGE + 1);
    desk.status(V0, 1, false); // it has it
    assertEquals(List.of(), learner.getAllReceived());
    desk.status(V0, 0, true);
    assertEquals(List.of(new Learner.Train(batch())), learner.getAllReceived());
    desk.status(V1, 0, true); // done: its answer is on the way
    assertEquals(List.of(), learner.getAllReceived());
  }

  @Test
  void aResultCountsOnceAndOnlyForTheStepAndTheTermThatAreWaitedFor() {
    desk.train(batch(), 0);
    assertEquals(Optional.empty(), desk.trained(update(new PolicyVersion(1, 1)), 1, 1));
    assertEquals(Optional.empty(), desk.trained(update(V1), 2, 1));
    assertEquals(Optional.of(batch()), desk.trained(update(V1), 1, 1).map(LearnerDesk.Step::batch));
    assertEquals(Optional.empty(), desk.trained(update(V1), 1, 1), "doubled");
    assertEquals(Optional.empty(), desk.training());
    assertEquals(update(V1), desk.published());
  }

  @Test
  void aVersionThatWasNotAnnouncedIsPublishedAgain() {
    desk.tick(NUDGE - 1);
    assertFalse(server.hasMessages());
    desk.tick(NUDGE);
    desk.tick(NUDGE + 1);
    var again = new ParameterServer.Publish(update(V0), self.getRef());
    assertEquals(List.of(again), server.getAllReceived());
    desk.announced(V0);
    desk.tick(5 * NUDGE);
    assertFalse(server.hasMessages());
    desk.announced(V1);
    desk.announced(V0); // late
    assertTrue(desk.isAnnounced(V1));
  }

  @Test
  void aCheckpointIsAskedForWhenTheJournalIsSafeAndAgainWhenItWasLost() {
    desk.announced(V0);
    RunState state = state();
    desk.want(state, 0);
    assertTrue(desk.holdsBatches(), "a step would change the weights");
    desk.tick(3 * NUDGE);
    assertEquals(List.of(), learner.getAllReceived(), "the journal is not safe");
    desk.askForCheckpoint(40);
    desk.askForCheckpoint(41);
    assertEquals(List.of(new Learner.Checkpoint(state)), learner.getAllReceived());
    assertFalse(desk.holdsBatches());
    desk.tick(40 + NUDGE);
    desk.status(V0, 0, true);
    assertEquals(
        List.of(new Learner.Ask(), new Learner.Checkpoint(state)), learner.getAllReceived());
    assertFalse(desk.checkpointed(7, 60), "of another step");
    assertTrue(desk.checkpointed(0, 60));
    assertFalse(desk.checkpointed(0, 61), "doubled");
    desk.tick(500);
    assertEquals(List.of(), learner.getAllReceived());
  }

  @Test
  void aCheckpointOfWeightsThatHaveGoneOnIsNotAskedForAgain() {
    desk.want(state(), 0);
    desk.askForCheckpoint(0);
    learner.getAllReceived();
    desk.status(V1, 0, true);
    assertEquals(List.of(), learner.getAllReceived());
    assertTrue(desk.giveUpCheckpoint());
    assertFalse(desk.giveUpCheckpoint());
  }

  private static RunState state() {
    RunLedger ledger =
        RunLedger.of(
            new LedgerEvent.RunStarted(1, 50, PromptMix.NONE, FlowLimits.of(20, 4, 1), V0));
    return new RunState(-1, ledger.snapshot(), 3);
  }

  private static WeightUpdate update(PolicyVersion version) {
    return new WeightUpdate(version, "weights-" + version, "digest");
  }

  private static TrainingBatch batch() {
    var response =
        new Response(
            TokenIds.of(4), LogProbs.of(0f), FinishReason.STOP, "says", TokenVersions.of(V0, 1));
    var group =
        new Group(
            1,
            World.prompts("train", 50).prompt(1),
            new EncodedPrompt(TokenIds.of(1), List.of()),
            List.of(response, response));
    var scored = new ScoredGroup(group, List.of(World.reward(1, 1), World.reward(0, 1)));
    return TrainingBatch.of(1, V0, List.of(new TrainingGroup(scored, List.of(1.0, -1.0))), 0);
  }
}
