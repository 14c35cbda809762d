package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightVerifier;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ParameterServerTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create("parameter-server-test", KritesRun.config(ConfigFactory.empty()));

  private final BlockingQueue<String> verifierCalls = new LinkedBlockingQueue<>();
  private final WeightVerifier verifier =
      new WeightVerifier() {
        @Override
        public void verify(WeightUpdate update) {
          verifierCalls.add("verify " + update.version());
        }

        @Override
        public void retire(WeightUpdate update) {
          verifierCalls.add("retire " + update.version());
        }
      };
  private final TestProbe<Orchestrator.Command> orchestrator = KIT.createTestProbe();
  private final TestProbe<RolloutWorker.Command> worker = KIT.createTestProbe();
  private ActorRef<ParameterServer.Command> server = KIT.spawn(ParameterServer.create(verifier));

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void firstVersionIsThere() {
    publish(0);
  }

  @Test
  void aVersionIsVerifiedBeforeItIsAnnouncedAndOffered() throws Exception {
    assertEquals("verify v0", next());
    join();
    assertEquals(0, offered());
  }

  @Test
  void aBusyWorkerIsOfferedTheNewestWhenItHasAnsweredAndNothingInBetween() {
    join();
    assertEquals(0, offered());
    publish(1);
    publish(2);
    publish(3);
    worker.expectNoMessage();
    active(0);
    assertEquals(3, offered());
    active(3);
    worker.expectNoMessage();
  }

  @Test
  void weightsThatAWorkerRunsOrWasOfferedAreKeptAndTheNewestTwoInAnyCase() throws Exception {
    join();
    offered();
    active(0);
    publish(1);
    assertEquals(1, offered());
    publish(2);
    publish(3);
    assertEquals(
        List.of("verify v0", "verify v1", "verify v2", "verify v3"),
        List.of(next(), next(), next(), next()));
    active(1);
    assertEquals("retire v0", next());
    assertEquals(3, offered());
    active(3);
    assertEquals("retire v1", next());
  }

  @Test
  void aWorkerThatAnnouncesItselfAgainGetsTheSameOfferAndItsWeightsAreKept() throws Exception {
    join();
    assertEquals(0, offered());
    publish(1);
    publish(2);
    publish(3);
    join();
    assertEquals(0, offered());
    worker.expectNoMessage();
    active(0);
    assertEquals(3, offered());
    join();
    assertEquals(3, offered());
    active(3);
    join();
    worker.expectNoMessage();
    List<String> calls = List.of(next(), next(), next(), next(), next(), next());
    assertEquals(
        List.of("retire v0", "retire v1"),
        calls.stream().filter(c -> c.startsWith("retire")).sorted().toList());
  }

  @Test
  void whatADeadWorkerHeldIsGivenUp() throws Exception {
    join();
    offered();
    active(0);
    publish(1);
    publish(2);
    publish(3);
    worker.stop();
    List<String> calls = List.of(next(), next(), next(), next(), next(), next());
    assertEquals(
        List.of("retire v0", "retire v1"),
        calls.stream().filter(c -> c.startsWith("retire")).sorted().toList());
  }

  @Test
  void anOlderTermIsRefused() throws Exception {
    publish(1);
    server.tell(new ParameterServer.Publish(update(new PolicyVersion(1, 2)), orchestrator.ref()));
    orchestrator.receiveMessage();
    server.tell(new ParameterServer.Publish(update(new PolicyVersion(0, 3)), orchestrator.ref()));
    orchestrator.expectNoMessage();
    assertEquals(
        List.of("verify v0", "verify v1", "verify v2/t1"),
        verifierCalls.stream().filter(call -> call.startsWith("verify")).toList());
    join();
    assertEquals(2, offered());
  }

  @Test
  void aVersionThatIsPublishedTwiceIsVerifiedOnceAndToldOfTwice() {
    publish(1);
    publish(1);
    assertEquals(List.of("verify v0", "verify v1"), List.copyOf(verifierCalls));
  }

  @Test
  void anOfferThatWasLostIsMadeAgainAsItWas() {
    join();
    assertEquals(0, offered());
    publish(1);
    publish(2);
    assertEquals(
        0,
        assertInstanceOf(
                RolloutWorker.UpdateWeights.class, worker.receiveMessage(Duration.ofSeconds(20)))
            .update()
            .version()
            .number());
  }

  @Test
  void anEvaluatorIsOfferedTheVersionUnderEvaluationWhichIsKeptUntilTheNextIs() throws Exception {
    server.tell(
        new ParameterServer.WorkerJoined(
            "evaluator-0", RolloutWorker.Duty.EVALUATION, worker.ref()));
    worker.expectNoMessage();
    evaluate(0);
    assertEquals(new Orchestrator.KeptForEval(version(0)), orchestrator.receiveMessage());
    assertEquals(0, offered());
    server.tell(new ParameterServer.WeightsActive("evaluator-0", version(0)));
    publish(1);
    publish(2);
    publish(3);
    worker.expectNoMessage();
    assertEquals(
        List.of("verify v0", "verify v1", "verify v2", "verify v3", "retire v1"),
        List.of(next(), next(), next(), next(), next()).stream()
            .sorted((one, two) -> Boolean.compare(one.startsWith("r"), two.startsWith("r")))
            .toList());
    evaluate(3);
    assertEquals(new Orchestrator.KeptForEval(version(3)), orchestrator.receiveMessage());
    assertEquals(3, offered());
    server.tell(new ParameterServer.WeightsActive("evaluator-0", version(3)));
    assertEquals("retire v0", next());
  }

  @Test
  void aVersionIsKeptForItsEvaluationBeforeItIsAnnounced() {
    server.tell(
        new ParameterServer.WorkerJoined(
            "evaluator-0", RolloutWorker.Duty.EVALUATION, worker.ref()));
    evaluate(1);
    assertEquals(new Orchestrator.KeptForEval(version(1)), orchestrator.receiveMessage());
    worker.expectNoMessage();
    publish(1);
    assertEquals(1, offered());
  }

  @Test
  void aVersionThatIsGoneCannotBeEvaluated() throws Exception {
    publish(1);
    publish(2);
    assertEquals(
        List.of("verify v0", "verify v1", "verify v2", "retire v0"),
        List.of(next(), next(), next(), next()));
    evaluate(0);
    orchestrator.expectNoMessage();
  }

  private void evaluate(long number) {
    server.tell(new ParameterServer.Evaluate(version(number), orchestrator.ref()));
  }

  private static PolicyVersion version(long number) {
    return new PolicyVersion(0, number);
  }

  private void join() {
    server.tell(
        new ParameterServer.WorkerJoined("rollout-0", RolloutWorker.Duty.TRAINING, worker.ref()));
  }

  private void active(long number) {
    server.tell(new ParameterServer.WeightsActive("rollout-0", new PolicyVersion(0, number)));
  }

  private void publish(long number) {
    WeightUpdate update = update(new PolicyVersion(0, number));
    server.tell(new ParameterServer.Publish(update, orchestrator.ref()));
    assertEquals(new Orchestrator.Announced(update), orchestrator.receiveMessage());
  }

  private long offered() {
    return assertInstanceOf(RolloutWorker.UpdateWeights.class, worker.receiveMessage())
        .update()
        .version()
        .number();
  }

  private String next() throws InterruptedException {
    return String.valueOf(verifierCalls.poll(10, TimeUnit.SECONDS));
  }

  private static WeightUpdate update(PolicyVersion version) {
    return new WeightUpdate(version, "weights-" + version.number(), "digest");
  }
}
