package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import krites.grpo.Group;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.Task;
import krites.grpo.port.GroupRequest;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class RolloutWorkerTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create("rollout-worker-test", KritesRun.config(ConfigFactory.empty()));
  private static final PolicyVersion V1 = new PolicyVersion(0, 1);

  private final World world = new World();
  private final TestProbe<Orchestrator.Command> orchestrator = KIT.createTestProbe();
  private final TestProbe<ParameterServer.Command> parameterServer = KIT.createTestProbe();
  private final ActorRef<RolloutWorker.Command> worker =
      KIT.spawn(
          RolloutWorker.create(
              "rollout-0",
              () -> new FakeEngine(world, 2, request -> {}),
              orchestrator.ref(),
              parameterServer.ref(),
              System::nanoTime),
          DispatcherSelector.fromConfig(KritesRun.DEVICE_DISPATCHER));

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void aGroupWaitsUntilTheWeightsItAsksForAreThere() {
    assertEquals(
        new Orchestrator.WorkerReady("rollout-0", 2, 8, worker), orchestrator.receiveMessage());
    assertInstanceOf(ParameterServer.WorkerJoined.class, parameterServer.receiveMessage());
    worker.tell(generate(1, V1));
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(World.FIRST, 5)));
    assertEquals(
        new ParameterServer.WeightsActive("rollout-0", World.FIRST),
        parameterServer.receiveMessage());
    orchestrator.expectNoMessage();
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(V1, 6)));
    Group group = generated();
    assertEquals(1, group.id());
    assertEquals(V1, group.oldestVersion());
  }

  @Test
  void newWeightsAreTakenOverWhileAGroupIsInFlight() {
    orchestrator.receiveMessage();
    world.rolloutRests = true;
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(World.FIRST, 5)));
    worker.tell(generate(1, World.FIRST));
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(V1, 6)));
    parameterServer.receiveMessage();
    assertEquals(
        List.of(
            new ParameterServer.WeightsActive("rollout-0", World.FIRST),
            new ParameterServer.WeightsActive("rollout-0", V1)),
        parameterServer.receiveSeveralMessages(2));
    world.rolloutRests = false;
    Group group = generated();
    assertEquals(World.FIRST, group.responses().getFirst().first());
    assertEquals(V1, group.responses().getFirst().last());
  }

  @Test
  void theEngineIsClosedWithItsWorker() {
    orchestrator.receiveMessage();
    KIT.stop(worker);
    assertTrue(world.closed.contains("engine"));
  }

  private Group generated() {
    Orchestrator.Command message = orchestrator.receiveMessage();
    if (message instanceof Orchestrator.WorkerProgress) {
      message = orchestrator.receiveMessage();
    }
    return assertInstanceOf(Orchestrator.GroupGenerated.class, message).group();
  }

  private static RolloutWorker.Generate generate(long id, PolicyVersion minVersion) {
    Prompt prompt = new Prompt("p", Task.CRITIC, "text", List.of(), "1", Map.of());
    return new RolloutWorker.Generate(
        new GroupRequest(id, prompt, new Sampling(4, 1f, 1f, 0, 1f, 8), 3), minVersion);
  }
}
