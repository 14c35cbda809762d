package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import krites.grpo.Group;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.Task;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.port.GroupRequest;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class RolloutWorkerTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          "rollout-worker-test",
          KritesRun.config(ConfigFactory.parseString("pekko.actor.serialize-messages = on")));
  private static final PolicyVersion V1 = new PolicyVersion(0, 1);
  private static final PolicyVersion V2 = new PolicyVersion(0, 2);
  private static final String NAME = "rollout-0";
  private static final Duration NEVER = Duration.ofHours(1);

  private final World world = new World();
  private final TestProbe<Orchestrator.Command> orchestrator = KIT.createTestProbe();
  private final TestProbe<ParameterServer.Command> parameterServer = KIT.createTestProbe();

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  // --- any mode

  @Test
  void itReportsForWorkAndAGroupWaitsUntilTheWeightsItAsksForAreThere() {
    var worker = spawn(WeightUpdateMode.IN_FLIGHT, NEVER);
    assertEquals(
        new Orchestrator.WorkerReady(NAME, RolloutWorker.Duty.TRAINING, 2, 8, worker),
        orchestrator.receiveMessage());
    assertEquals(
        new ParameterServer.WorkerJoined(NAME, RolloutWorker.Duty.TRAINING, worker),
        parameterServer.receiveMessage());
    worker.tell(generate(1, V1));
    update(worker, World.FIRST);
    orchestrator.expectNoMessage();
    update(worker, V1);
    Group group = generated();
    assertEquals(1, group.id());
    assertEquals(V1, group.oldestVersion());
  }

  @Test
  void theEngineIsClosedWithItsWorker() {
    var worker = started(WeightUpdateMode.IN_FLIGHT);
    KIT.stop(worker);
    assertTrue(world.closed.contains("engine"));
  }

  @Test
  void aDoubledGroupIsBegunOnceWhetherItWaitsOrRuns() {
    var worker = started(WeightUpdateMode.IN_FLIGHT);
    world.rolloutRests = true;
    worker.tell(generate(1, V1));
    worker.tell(generate(1, V1));
    update(worker, V1);
    worker.tell(generate(1, V1));
    world.rolloutRests = false;
    assertEquals(1, generated().id());
    assertEquals(1, world.requests.size());
    orchestrator.expectNoMessage();
  }

  @Test
  void weightsThatAreNotNewerAreAcknowledgedAndLeftAlone() {
    for (WeightUpdateMode mode : WeightUpdateMode.values()) {
      var worker = started(mode);
      update(worker, V2);
      world.rolloutRests = true;
      worker.tell(generate(1, V2));
      worker.tell(new RolloutWorker.UpdateWeights(new WeightUpdate(V1, "nowhere", "gone")));
      worker.tell(new RolloutWorker.UpdateWeights(new WeightUpdate(V2, "nowhere", "gone")));
      assertEquals(active(V2), parameterServer.receiveMessage());
      assertEquals(active(V2), parameterServer.receiveMessage());
      world.rolloutRests = false;
      assertEquals(V2, generated().oldestVersion());
      assertEquals(1, world.requests.size(), mode + " began the group again");
      world.requests.clear();
      KIT.stop(worker);
    }
  }

  @Test
  void aCancelledGroupIsForgottenAndItsRoomIsFree() {
    var worker = started(WeightUpdateMode.IN_FLIGHT);
    update(worker, World.FIRST);
    world.rolloutRests = true;
    worker.tell(generate(1, World.FIRST));
    worker.tell(generate(2, World.FIRST));
    worker.tell(generate(3, World.FIRST)); // no room: it waits
    worker.tell(generate(4, V1));
    worker.tell(new RolloutWorker.Cancel(1));
    worker.tell(new RolloutWorker.Cancel(4));
    worker.tell(new RolloutWorker.Cancel(99));
    worker.tell(new RolloutWorker.Cancel(2));
    world.rolloutRests = false;
    assertEquals(3, generated().id());
    update(worker, V1);
    orchestrator.expectNoMessage();
  }

  @Test
  void aGroupLongerThanItsBudgetIsCutAndGoesOnUntilItIsTheSameAsUncut() {
    var worker = started(WeightUpdateMode.IN_FLIGHT);
    update(worker, World.FIRST);
    worker.tell(generate(1, World.FIRST));
    Group whole = generated();
    GroupRequest request =
        new GroupRequest(1, whole.prompt(), request(1).sampling(), 3, Optional.empty(), 3);
    int sittings = 1;
    worker.tell(new RolloutWorker.Generate(request, World.FIRST));
    while (next() instanceof Orchestrator.GroupCut(String name, PartialGroup partial)) {
      assertEquals(NAME, name);
      worker.tell(new RolloutWorker.Generate(request.from(partial), World.FIRST));
      sittings++;
    }
    assertEquals(whole, assertInstanceOf(Orchestrator.GroupGenerated.class, last).group());
    int longest = whole.responses().stream().mapToInt(r -> r.ids().length()).max().orElseThrow();
    assertTrue(longest > 3, "the budget was never used up");
    assertEquals((longest + 2) / 3, sittings);
  }

  @Test
  void aDrainedWorkerHandsEverythingBackAndTakesNoMore() {
    var worker = started(WeightUpdateMode.IN_FLIGHT);
    update(worker, World.FIRST);
    world.rolloutRests = true;
    worker.tell(generate(1, World.FIRST));
    worker.tell(generate(2, V1));
    PartialGroup prefix = partOf(3);
    worker.tell(new RolloutWorker.Generate(request(3).from(prefix), V1));
    worker.tell(new RolloutWorker.Drain());
    var cut = assertInstanceOf(Orchestrator.GroupCut.class, next());
    assertEquals(1, cut.partial().id());
    assertEquals(new Orchestrator.GroupCut(NAME, prefix), next());
    assertEquals(new Orchestrator.WorkerDrained(NAME, List.of(2L)), next());
    worker.tell(generate(4, World.FIRST));
    assertEquals(new Orchestrator.WorkerDrained(NAME, List.of(4L)), next());
    worker.tell(new RolloutWorker.Drain());
    assertEquals(new Orchestrator.WorkerDrained(NAME, List.of()), next());
    world.rolloutRests = false;
    update(worker, V1);
    orchestrator.expectNoMessage();
  }

  // --- in flight

  @Test
  void inFlightAGroupGoesOnUnderNewWeightsAndEachTokenKeepsItsVersion() {
    var worker = started(WeightUpdateMode.IN_FLIGHT);
    update(worker, World.FIRST);
    worker.tell(cutAfter(1, 2));
    PartialGroup part = assertInstanceOf(Orchestrator.GroupCut.class, next()).partial();
    world.rolloutRests = true;
    worker.tell(new RolloutWorker.Generate(request(1).from(part), World.FIRST));
    update(worker, V1);
    world.rolloutRests = false;
    Group group = generated();
    for (int i = 0; i < group.responses().size(); i++) {
      var versions = group.responses().get(i).versions();
      for (int t = 0; t < versions.length(); t++) {
        assertEquals(t < 2 ? World.FIRST : V1, versions.at(t), "token " + t + " of " + i);
      }
    }
    assertEquals(World.FIRST, group.oldestVersion());
  }

  // --- finish

  @Test
  void finishLetsGroupsEndUnderTheOldWeightsBeforeOthersBegin() {
    var worker = started(WeightUpdateMode.FINISH);
    update(worker, World.FIRST);
    world.rolloutRests = true;
    worker.tell(generate(1, World.FIRST));
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(V1, 6)));
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(V2, 7)));
    worker.tell(new RolloutWorker.UpdateWeights(new WeightUpdate(V1, "nowhere", "late")));
    worker.tell(generate(2, World.FIRST));
    parameterServer.expectNoMessage();
    world.rolloutRests = false;
    Group first = generated();
    Group second = generated();
    assertEquals(List.of(1L, 2L), List.of(first.id(), second.id()));
    first.responses().forEach(response -> assertEquals(World.FIRST, response.last()));
    second.responses().forEach(response -> assertEquals(V2, response.first()));
    assertEquals(active(V2), parameterServer.receiveMessage());
    parameterServer.expectNoMessage();
  }

  @Test
  void finishTakesTheWeightsOverWhenTheLastRunningGroupIsCancelledOrHandedBack() {
    var worker = started(WeightUpdateMode.FINISH);
    update(worker, World.FIRST);
    world.rolloutRests = true;
    worker.tell(generate(1, World.FIRST));
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(V1, 6)));
    worker.tell(new RolloutWorker.Cancel(1));
    assertEquals(active(V1), parameterServer.receiveMessage());
    worker.tell(generate(2, World.FIRST));
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(V2, 7)));
    worker.tell(new RolloutWorker.Drain());
    assertEquals(active(V2), parameterServer.receiveMessage());
  }

  // --- abort

  @Test
  void abortBeginsRunningGroupsAnewUnderTheNewWeights() {
    var worker = started(WeightUpdateMode.ABORT);
    update(worker, World.FIRST);
    world.rolloutRests = true;
    worker.tell(new RolloutWorker.Generate(request(1).from(partOf(1)), World.FIRST));
    worker.tell(generate(2, World.FIRST));
    worker.tell(generate(3, World.FIRST)); // waits for room, behind those that begin anew
    update(worker, V1);
    world.rolloutRests = false;
    List<Group> groups = List.of(generated(), generated(), generated());
    assertEquals(3, groups.getLast().id());
    for (Group group : groups) {
      group.responses().forEach(response -> assertEquals(V1, response.first()));
    }
    assertEquals(
        List.of(1L, 2L, 1L, 2L, 3L), world.requests.stream().map(GroupRequest::groupId).toList());
  }

  // --- reports and re-announcement

  @Test
  void reportsComeWhileIdleAndSayWhatItHoldsAndWaitsFor() {
    var worker = spawn(WeightUpdateMode.IN_FLIGHT, Duration.ofMillis(20));
    awaitReport(Optional.empty(), List.of(), WorkerWait.WORK);
    worker.tell(generate(2, V1));
    awaitReport(Optional.empty(), List.of(2L), WorkerWait.WEIGHTS);
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(World.FIRST, 5)));
    world.rolloutRests = true;
    worker.tell(generate(1, World.FIRST));
    awaitReport(Optional.of(World.FIRST), List.of(1L, 2L), WorkerWait.ENGINE);
  }

  @Test
  void itAnnouncesItselfUntilItIsHeard() {
    var worker = spawn(WeightUpdateMode.IN_FLIGHT, Duration.ofMillis(20));
    for (int i = 0; i < 3; i++) {
      await(new Orchestrator.WorkerReady(NAME, RolloutWorker.Duty.TRAINING, 2, 8, worker));
      assertEquals(
          new ParameterServer.WorkerJoined(NAME, RolloutWorker.Duty.TRAINING, worker),
          parameterServer.receiveMessage());
    }
    worker.tell(generate(1, V1));
    awaitReport(Optional.empty(), List.of(1L), WorkerWait.WEIGHTS);
    for (int i = 0; i < 5; i++) {
      assertInstanceOf(Orchestrator.WorkerReport.class, orchestrator.receiveMessage());
    }
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(World.FIRST, 5)));
    parameterServer.fishForMessage(
        Duration.ofSeconds(3),
        message ->
            message.equals(active(World.FIRST))
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
    parameterServer.expectNoMessage();
  }

  @Test
  void theLastReportBeforeAnOutcomeStillHoldsItsGroup() {
    var worker = started(WeightUpdateMode.IN_FLIGHT);
    update(worker, World.FIRST);
    worker.tell(generate(1, World.FIRST));
    var report = assertInstanceOf(Orchestrator.WorkerReport.class, orchestrator.receiveMessage());
    assertEquals(List.of(1L), report.held());
    assertTrue(report.counters().get("steps/decoded") > 0);
    assertInstanceOf(Orchestrator.GroupGenerated.class, orchestrator.receiveMessage());
  }

  /** Lost, late and doubled messages in any order never end a group twice in one sitting. */
  @Test
  void whateverTheNetworkDoesAGroupEndsOnceForEachTimeItWasTaken() {
    for (long seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      world.requests.clear();
      WeightUpdateMode mode = WeightUpdateMode.values()[random.nextInt(3)];
      var worker = started(mode);
      update(worker, World.FIRST);
      world.rolloutRests = true;
      long version = 0;
      for (int i = 0; i < 30; i++) {
        switch (random.nextInt(4)) {
          case 0, 1 -> worker.tell(generate(1 + random.nextInt(4), World.FIRST));
          case 2 -> {
            version += random.nextInt(2);
            worker.tell(
                new RolloutWorker.UpdateWeights(
                    world.publish(
                        new PolicyVersion(0, Math.max(0, version - random.nextInt(2))), 5)));
          }
          default -> worker.tell(new RolloutWorker.Cancel(1 + random.nextInt(4)));
        }
      }
      for (long id = 1; id <= 4; id++) {
        worker.tell(generate(id, World.FIRST)); // now it holds all four
      }
      world.rolloutRests = false;
      List<Long> ended =
          List.of(generated(), generated(), generated(), generated()).stream()
              .map(Group::id)
              .sorted()
              .toList();
      assertEquals(List.of(1L, 2L, 3L, 4L), ended, "seed " + seed + " " + mode);
      orchestrator.expectNoMessage(Duration.ofMillis(5));
      KIT.stop(worker);
    }
  }

  // --- help

  private Orchestrator.Command last = new Orchestrator.Stop();

  private ActorRef<RolloutWorker.Command> spawn(WeightUpdateMode mode, Duration reportEvery) {
    return KIT.spawn(
        RolloutWorker.create(
            NAME,
            RolloutWorker.Duty.TRAINING,
            () -> new FakeEngine(world, 2, request -> {}),
            orchestrator.ref(),
            parameterServer.ref(),
            mode,
            WeightSource.SHARED,
            reportEvery),
        DispatcherSelector.fromConfig(KritesRun.DEVICE_DISPATCHER));
  }

  /** A worker whose announcements are out of the way; it reports with each outcome only. */
  private ActorRef<RolloutWorker.Command> started(WeightUpdateMode mode) {
    var worker = spawn(mode, NEVER);
    orchestrator.expectMessageClass(Orchestrator.WorkerReady.class);
    parameterServer.fishForMessage(
        Duration.ofSeconds(3),
        message ->
            message instanceof ParameterServer.WorkerJoined
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
    return worker;
  }

  private void update(ActorRef<RolloutWorker.Command> worker, PolicyVersion version) {
    worker.tell(new RolloutWorker.UpdateWeights(world.publish(version, 5 + version.number())));
    parameterServer.fishForMessage(
        Duration.ofSeconds(3),
        message ->
            message instanceof ParameterServer.WorkerJoined
                ? FishingOutcomes.continueAndIgnore()
                : FishingOutcomes.complete());
  }

  private static ParameterServer.WeightsActive active(PolicyVersion version) {
    return new ParameterServer.WeightsActive(NAME, version);
  }

  /** The next message that is not a report. */
  private Orchestrator.Command next() {
    do {
      last = orchestrator.receiveMessage();
    } while (last instanceof Orchestrator.WorkerReport);
    return last;
  }

  private Group generated() {
    return assertInstanceOf(Orchestrator.GroupGenerated.class, next()).group();
  }

  private void await(Orchestrator.Command wanted) {
    orchestrator.fishForMessage(
        Duration.ofSeconds(3),
        message ->
            message.equals(wanted)
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
  }

  private void awaitReport(Optional<PolicyVersion> active, List<Long> held, WorkerWait waitsFor) {
    orchestrator.fishForMessage(
        Duration.ofSeconds(3),
        message ->
            message instanceof Orchestrator.WorkerReport report
                    && report.worker().equals(NAME)
                    && report.active().equals(active)
                    && report.held().equals(held)
                    && report.waitsFor() == waitsFor
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
  }

  /** Two tokens of each response, made by the first version. */
  private PartialGroup partOf(long id) {
    FakeEngine engine = new FakeEngine(new World(), 2, request -> {});
    engine.start(request(id));
    engine.step();
    return engine.cut(id).orElseThrow();
  }

  private static RolloutWorker.Generate cutAfter(long id, int tokens) {
    GroupRequest request = request(id);
    return new RolloutWorker.Generate(
        new GroupRequest(
            id, request.prompt(), request.sampling(), request.seed(), Optional.empty(), tokens),
        World.FIRST);
  }

  private static RolloutWorker.Generate generate(long id, PolicyVersion minVersion) {
    return new RolloutWorker.Generate(request(id), minVersion);
  }

  private static GroupRequest request(long id) {
    Prompt prompt = new Prompt("p", Task.CRITIC, "text", List.of(), "1", Map.of());
    return GroupRequest.whole(id, prompt, new Sampling(4, 1f, 1f, 0, 1f, 8), 3);
  }
}
