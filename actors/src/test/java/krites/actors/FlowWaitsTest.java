package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Group;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.Wait;
import krites.grpo.flow.WaitGraph;
import krites.grpo.port.RolloutOutcome;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;

/**
 * A flow without actors, in a time that the test makes: at each stage the waits name the right one.
 */
final class FlowWaitsTest {
  private static final long SECOND = 1_000_000_000;

  private final TestInbox<Learner.Command> learner = TestInbox.create();
  private final TestInbox<ParameterServer.Command> server = TestInbox.create();
  private final TestInbox<Recorder.Command> recorder = TestInbox.create();
  private final TestInbox<Orchestrator.Command> self = TestInbox.create();
  private final TestInbox<RolloutWorker.Command> rollout = TestInbox.create();
  private final TestInbox<RewardWorker.Command> reward = TestInbox.create();
  private final World world = new World();
  private long now;

  FlowWaitsTest() {
    world.nanos = () -> now;
    world.groupsPerStep = 2;
    world.maxStaleness = 0;
  }

  @Test
  void aRunWithoutAWorkerWaitsForOne() {
    RunFlow flow = begin();
    now = 3 * SECOND;
    assertEquals("rollout workers", culprit(flow));
    assertTrue(
        waits(flow)
            .contains("orchestrator waits for one that is ready from rollout workers since 3.0 s"),
        waits(flow)::toString);
  }

  @Test
  void aWorkerThatGetsNowhereIsNamedWithItsGroups() {
    RunFlow flow = withWorker();
    now = 4 * SECOND;
    assertEquals("rollout-0", culprit(flow));
    assertEquals(
        List.of(
            "orchestrator waits for groups [1, 2] from rollout-0 since 4.0 s",
            "rollout-0 is busy with its engine since 4.0 s"),
        waits(flow));
  }

  @Test
  void aWorkerThatWaitsForWeightsPointsAtTheParameterServer() {
    RunFlow flow = withWorker();
    flow.report(
        new Orchestrator.WorkerReport(
            "rollout-0", Optional.empty(), List.of(1L, 2L), Map.of(), WorkerWait.WEIGHTS));
    now = SECOND;
    assertEquals("parameter-server", culprit(flow));
    assertTrue(
        waits(flow)
            .contains(
                "rollout-0 waits for weights newer than none, the policy is v0 from parameter-server since 1.0 s"),
        waits(flow)::toString);
  }

  @Test
  void aVersionThatWasNotAnnouncedIsWaitedFor() {
    RunFlow flow = begin();
    now = 2 * SECOND;
    RunFlow fresh = RunFlow.begin(world.settings(), world.parts(), peers(), first());
    now = 5 * SECOND;
    assertTrue(
        waits(fresh)
            .contains(
                "orchestrator waits for the announcement of v0 from parameter-server since 3.0 s"),
        waits(fresh)::toString);
    assertTrue(waits(flow).stream().noneMatch(wait -> wait.contains("announcement")));
  }

  @Test
  void aRewardThatDoesNotComeIsNamedAndTheQueueBehindIt() {
    RunFlow flow = withWorker();
    flow.rewardReady("reward-0", reward.getRef());
    generate(flow);
    now = 2 * SECOND;
    assertEquals("reward-0", culprit(flow));
    assertTrue(
        waits(flow)
            .containsAll(
                List.of(
                    "orchestrator waits for rewards of groups [1] from reward-0 since 2.0 s",
                    "orchestrator waits for rewards of groups [2] from reward workers since 2.0 s",
                    "reward workers waits for rewards of groups [1] from reward-0 since 2.0 s")),
        waits(flow)::toString);
  }

  @Test
  void aStepThatIsNotDoneIsTheLearners() {
    RunFlow flow = trained();
    now = 7 * SECOND;
    assertEquals("learner", culprit(flow));
    assertTrue(
        waits(flow).contains("orchestrator waits for step 1 from learner since 7.0 s"),
        waits(flow)::toString);
    flow.learnerProgress();
    now = 8 * SECOND;
    assertTrue(
        waits(flow).contains("orchestrator waits for step 1 from learner since 1.0 s"),
        waits(flow)::toString);
  }

  @Test
  void aJournalThatIsNotWrittenIsTheRecorders() {
    RunFlow flow = begin();
    for (long i = 0; i <= FlowJournal.MOST_UNWRITTEN; i++) {
      flow.journal().note(new LedgerEvent.VersionPublished(World.FIRST, "digest"));
    }
    flow.workerReady("rollout-0", RolloutWorker.Duty.TRAINING, 3, 12, rollout.getRef());
    flow.advance();
    assertTrue(rollout.getAllReceived().isEmpty(), "no new group is admitted");
    now = SECOND;
    assertEquals("recorder", culprit(flow));
    flow.written(FlowJournal.MOST_UNWRITTEN);
    flow.advance();
    assertEquals(2, rollout.getAllReceived().size());
  }

  @Test
  void aLastCheckpointWaitsForTheRecorderAndThenForTheLearner() {
    RunFlow flow = begin();
    flow.writeLastCheckpoint();
    now = SECOND;
    assertEquals(
        List.of(
            "orchestrator waits for the journal to be safe before the checkpoint of step 0 from recorder since 1.0 s"),
        FlowWaits.closing(flow, now).stream().map(Wait::toString).toList());
    flow.synced(flow.journal().entries());
    now = 3 * SECOND;
    assertEquals(
        List.of("orchestrator waits for the checkpoint of step 0 from learner since 2.0 s"),
        FlowWaits.closing(flow, now).stream().map(Wait::toString).toList());
  }

  private RunFlow begin() {
    RunFlow flow = RunFlow.begin(world.settings(), world.parts(), peers(), first());
    flow.announced(first());
    flow.advance();
    return flow;
  }

  private RunFlow withWorker() {
    RunFlow flow = begin();
    flow.workerReady("rollout-0", RolloutWorker.Duty.TRAINING, 3, 12, rollout.getRef());
    flow.advance();
    return flow;
  }

  /** A flow whose first batch is at the learner. */
  private RunFlow trained() {
    RunFlow flow = withWorker();
    flow.rewardReady("reward-0", reward.getRef());
    generate(flow);
    while (reward.hasMessages()) {
      if (reward.receiveMessage() instanceof RewardWorker.Score(Group group)) {
        List<Reward> rewards =
            group.responses().stream().map(each -> World.reward(each.ids().at(0) % 2, 1)).toList();
        flow.scored("reward-0", new ScoredGroup(group, rewards));
        flow.advance();
      }
    }
    assertTrue(learner.getAllReceived().getLast() instanceof Learner.Train);
    return flow;
  }

  /** The worker answers everything that it was asked for. */
  private void generate(RunFlow flow) {
    FakeEngine engine = new FakeEngine(world, 3, request -> {});
    engine.update(first());
    for (RolloutWorker.Command command : rollout.getAllReceived()) {
      if (command instanceof RolloutWorker.Generate(var request, var _)) {
        engine.start(request);
      }
    }
    List<Group> groups = new ArrayList<>();
    while (engine.active() > 0) {
      engine.step().forEach(each -> groups.add(((RolloutOutcome.Finished) each).group()));
    }
    groups.sort((one, two) -> Long.compare(one.id(), two.id()));
    groups.forEach(group -> flow.generated("rollout-0", group));
    flow.advance();
  }

  private RunFlow.Peers peers() {
    return new RunFlow.Peers(learner.getRef(), server.getRef(), recorder.getRef(), self.getRef());
  }

  private WeightUpdate first() {
    return world.publish(World.FIRST, 1);
  }

  private List<String> waits(RunFlow flow) {
    return FlowWaits.of(flow, now).stream().map(Wait::toString).toList();
  }

  private String culprit(RunFlow flow) {
    return new WaitGraph(FlowWaits.of(flow, now)).from(Orchestrator.NAME).orElseThrow().culprit();
  }
}
