package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import krites.grpo.PolicyVersion;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;

/** What has to wait for an evaluation, in a time that the test makes. */
final class EvalDeskTest {
  private static final long SECOND = 1_000_000_000;
  private static final int POISON_LIMIT = 3;

  private final World world = new World();
  private final TestInbox<ParameterServer.Command> server = TestInbox.create();
  private final TestInbox<Orchestrator.Command> self = TestInbox.create();

  EvalDeskTest() {
    world.evaluators = 1;
    world.evalEvery = 3;
    world.evalSets = Map.of("held-out", new EvalSet(World.prompts("eval", 1), 1));
  }

  private EvalDesk desk(long evaluatedStep) {
    var peers =
        new RunFlow.Peers(
            TestInbox.<Learner.Command>create().getRef(),
            server.getRef(),
            TestInbox.<Recorder.Command>create().getRef(),
            self.getRef());
    return new EvalDesk(world.settings(), world.evalSets, peers, evaluatedStep);
  }

  private static PolicyVersion version(long number) {
    return new PolicyVersion(0, number);
  }

  /** Its one prompt has no reward. */
  private static void answer(EvalDesk desk) {
    desk.round().orElseThrow().failed(desk.round().orElseThrow().next().orElseThrow().groupId());
  }

  @Test
  void trainingWaitsUntilTheVersionIsKeptAndNoLonger() {
    EvalDesk desk = desk(-1);
    desk.begin(0, version(0), POISON_LIMIT, 0);

    assertTrue(desk.holdsTraining(0));
    assertFalse(desk.restsAll());
    server.expectMessage(new ParameterServer.Evaluate(version(0), self.getRef()));
    desk.kept(version(7)); // of another evaluation
    assertTrue(desk.holdsTraining(0));
    desk.kept(version(0));
    assertFalse(desk.holdsTraining(0));
  }

  @Test
  void theParameterServerIsAskedAgainUntilItAnswers() {
    EvalDesk desk = desk(-1);
    desk.begin(0, version(0), POISON_LIMIT, 0);
    server.receiveMessage();
    desk.tick(SECOND);
    assertFalse(server.hasMessages());
    desk.tick(5 * SECOND);
    server.expectMessage(new ParameterServer.Evaluate(version(0), self.getRef()));
    desk.kept(version(0));
    desk.tick(20 * SECOND);
    assertFalse(server.hasMessages());
  }

  @Test
  void trainingWaitsWhenTheNextFallsDueBeforeTheLastHasEnded() {
    EvalDesk desk = desk(-1);
    desk.begin(0, version(0), POISON_LIMIT, 0);
    desk.kept(version(0));

    assertFalse(desk.holdsTraining(2));
    assertTrue(desk.holdsTraining(3));
    desk.begin(3, version(3), POISON_LIMIT, SECOND);
    assertEquals(0, desk.round().orElseThrow().step());
    answer(desk);
    assertEquals(2.0, desk.end(2 * SECOND).getFirst().seconds());
    assertEquals(0, desk.evaluatedStep());
    desk.begin(3, version(3), POISON_LIMIT, 2 * SECOND);
    assertEquals(version(3), desk.round().orElseThrow().version());
    assertEquals(
        List.of(
            new ParameterServer.Evaluate(version(0), self.getRef()),
            new ParameterServer.Evaluate(version(3), self.getRef())),
        server.getAllReceived());
  }

  @Test
  void aCheckpointOfALaterVersionWaitsAndOneOfTheSameDoesNot() {
    EvalDesk desk = desk(0);
    desk.begin(3, version(3), POISON_LIMIT, 0);

    assertFalse(desk.holdsCheckpoint(3));
    assertTrue(desk.holdsCheckpoint(4));
    answer(desk);
    desk.end(SECOND);
    assertFalse(desk.holdsCheckpoint(4));
  }

  @Test
  void whatACheckpointDoesNotKnowOfIsDoneAgain() {
    assertTrue(desk(0).isDue(3));
    assertFalse(desk(3).isDue(3));
    assertFalse(desk(0).isDue(4));
  }

  @Test
  void withoutEvaluatorsEverythingRests() {
    world.evaluators = 0;
    EvalDesk desk = desk(-1);
    desk.begin(0, version(0), POISON_LIMIT, 0);

    assertTrue(desk.restsAll());
    assertTrue(desk.holdsTraining(0));
    assertTrue(desk.holdsCheckpoint(0));
    assertFalse(server.hasMessages());
  }

  @Test
  void onlyTheTimeForWhichTrainingIsHeldCounts() {
    EvalDesk desk = desk(-1);
    desk.held(true, 2 * SECOND);
    desk.held(true, 3 * SECOND);
    desk.held(false, 5 * SECOND);
    desk.held(false, 9 * SECOND);
    assertEquals(3 * SECOND, desk.takeHeldNanos());
    assertEquals(0, desk.takeHeldNanos());
  }
}
