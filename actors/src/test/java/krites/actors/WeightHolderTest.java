package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigFactory;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightOffer;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightTransport;
import krites.grpo.port.WeightVerifier;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Holders and the parameter server, with a transport that fetches when the test says so. */
@Timeout(60)
final class WeightHolderTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create("weight-holder-test", KritesRun.config(ConfigFactory.empty()));

  private final TestProbe<ParameterServer.Command> server = KIT.createTestProbe();
  private final TestProbe<Orchestrator.Command> orchestrator = KIT.createTestProbe();
  private final Bulk bulk = new Bulk("n1:1");

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  /** Fetches wait until they are let go; what was asked stands in a queue. */
  private static final class Bulk implements WeightTransport {
    final BlockingQueue<String> calls = new LinkedBlockingQueue<>();
    final Map<PolicyVersion, CompletableFuture<Boolean>> gates = new ConcurrentHashMap<>();
    private final String address;
    private volatile boolean waits = true;

    Bulk(String address) {
      this.address = address;
    }

    Bulk open() {
      waits = false;
      return this;
    }

    CompletableFuture<Boolean> gate(PolicyVersion version) {
      return gates.computeIfAbsent(version, v -> new CompletableFuture<>());
    }

    @Override
    public String address() {
      return address;
    }

    @Override
    public WeightOffer offer(WeightUpdate update, Optional<WeightUpdate> base) {
      calls.add("offer " + update.version() + base.map(one -> " from " + one.version()).orElse(""));
      return offerOf(update);
    }

    @Override
    public Arrival fetch(WeightOffer offer, Route route) {
      calls.add("fetch " + offer.version() + " from " + route.full());
      if (waits && !gate(offer.version()).join()) {
        gates.remove(offer.version());
        throw new UncheckedIOException(new NoSuchFileException("no source has it"));
      }
      return new Arrival(offer.update(), offer.full().bytes(), 0.5, false);
    }

    @Override
    public void retire(WeightUpdate update) {
      calls.add("retire " + update.version());
    }

    @Override
    public void close() {
      calls.add("close");
    }

    String next() throws InterruptedException {
      return Optional.ofNullable(calls.poll(10, TimeUnit.SECONDS)).orElse("nothing");
    }
  }

  private static PolicyVersion version(long term, long number) {
    return new PolicyVersion(term, number);
  }

  private static WeightUpdate update(PolicyVersion version) {
    return new WeightUpdate(version, "at-" + version, "digest-" + version);
  }

  private static WeightOffer offerOf(WeightUpdate update) {
    return new WeightOffer(
        update, new WeightOffer.Content("content", "ticket", 3_000_000), Optional.empty());
  }

  private static WeightOffer offer(long term, long number) {
    return offerOf(update(version(term, number)));
  }

  private ActorRef<WeightHolder.Command> holder(ActorRef<ParameterServer.Command> reportsTo) {
    return KIT.spawn(WeightHolder.create("n1", () -> bulk, reportsTo));
  }

  private static void fetch(ActorRef<WeightHolder.Command> holder, WeightOffer offer) {
    holder.tell(new WeightHolder.Fetch(offer, List.of("root:1"), List.of()));
  }

  private ParameterServer.HolderReport reportWith(PolicyVersion... held) {
    while (true) {
      var report = server.expectMessageClass(ParameterServer.HolderReport.class);
      List<PolicyVersion> versions = report.held().stream().map(WeightOffer::version).toList();
      if (versions.equals(List.of(held))) {
        return report;
      }
    }
  }

  @Test
  void workersWaitForAVersionAndGetItOrANewerOne() throws Exception {
    ActorRef<WeightHolder.Command> holder = holder(server.getRef());
    WeightSource source =
        WeightHolder.source(holder, RolloutWorker.Duty.TRAINING, KIT.system().scheduler());
    var early = source.fetch(update(version(0, 3))).toCompletableFuture();
    var later = source.fetch(update(version(0, 5))).toCompletableFuture();
    fetch(holder, offer(0, 4));
    assertEquals("fetch v4 from [root:1]", bulk.next());
    assertFalse(early.isDone(), "handed out before it was here");
    bulk.gate(version(0, 4)).complete(true);
    assertEquals(update(version(0, 4)), early.get(10, TimeUnit.SECONDS));
    assertFalse(later.isDone());
    fetch(holder, offer(0, 5));
    bulk.gate(version(0, 5)).complete(true);
    assertEquals(update(version(0, 5)), later.get(10, TimeUnit.SECONDS));
    // The exact version where it is still here.
    assertEquals(
        update(version(0, 4)),
        source.fetch(update(version(0, 4))).toCompletableFuture().get(10, TimeUnit.SECONDS));
  }

  @Test
  void anEvaluatorGetsTheVersionThatItWantsThoughItIsOldAndNoOther() throws Exception {
    bulk.open();
    ActorRef<WeightHolder.Command> holder = holder(server.getRef());
    fetch(holder, offer(0, 5));
    assertEquals("fetch v5 from [root:1]", bulk.next());
    reportWith(version(0, 5));
    fetch(holder, offer(0, 3)); // nobody wants it
    WeightSource source =
        WeightHolder.source(holder, RolloutWorker.Duty.EVALUATION, KIT.system().scheduler());
    var coming = source.fetch(update(version(0, 3))).toCompletableFuture();
    while (reportWith(version(0, 5)).wanted().isEmpty()) {}
    assertFalse(coming.isDone());
    fetch(holder, offer(0, 3));
    assertEquals("fetch v3 from [root:1]", bulk.next());
    assertEquals(update(version(0, 3)), coming.get(10, TimeUnit.SECONDS));
  }

  @Test
  void aNodeIsSentForTheOldVersionThatAnEvaluatorThereWants() {
    ActorRef<ParameterServer.Command> to = parameterServer(new Bulk("root:1").open());
    TestProbe<WeightHolder.Command> node = KIT.createTestProbe();
    to.tell(new ParameterServer.Evaluate(version(0, 1), orchestrator.getRef()));
    for (int number = 1; number <= 4; number++) {
      publish(to, version(0, number));
      orchestrator.fishForMessage(
          Duration.ofSeconds(10),
          message ->
              message instanceof Orchestrator.Announced
                  ? FishingOutcomes.complete()
                  : FishingOutcomes.continueAndIgnore());
    }
    to.tell(
        new ParameterServer.HolderReport(
            "n1",
            "n1:1",
            List.of(offer(0, 4)),
            Optional.empty(),
            Optional.of(version(0, 1)),
            node.getRef()));
    assertEquals(
        version(0, 1), node.expectMessageClass(WeightHolder.Fetch.class).offer().version());
  }

  @Test
  void oneVersionIsFetchedAtATimeAndThenTheNewest() throws Exception {
    ActorRef<WeightHolder.Command> holder = holder(server.getRef());
    for (int number = 1; number <= 4; number++) {
      fetch(holder, offer(0, number));
    }
    fetch(holder, offer(0, 1)); // doubled
    assertEquals("fetch v1 from [root:1]", bulk.next());
    bulk.gate(version(0, 4)).complete(true);
    bulk.gate(version(0, 1)).complete(true);
    assertEquals("fetch v4 from [root:1]", bulk.next());
    reportWith(version(0, 1), version(0, 4));
  }

  @Test
  void anOlderTermIsRefusedAndTheNewestTwoStay() throws Exception {
    bulk.open();
    ActorRef<WeightHolder.Command> holder = holder(server.getRef());
    for (int number = 1; number <= 3; number++) {
      fetch(holder, offer(1, number));
      assertTrue(bulk.next().startsWith("fetch v" + number + "/t1"));
      reportWith(
          List.of(version(1, 1), version(1, 2), version(1, 3))
              .subList(0, number)
              .toArray(PolicyVersion[]::new));
    }
    fetch(holder, offer(0, 99)); // a learner that does not know that it was replaced
    holder.tell(new WeightHolder.Retire(version(1, 3)));
    holder.tell(new WeightHolder.Retire(version(1, 2)));
    holder.tell(new WeightHolder.Retire(version(1, 1)));
    assertEquals("retire v1/t1", bulk.next());
    reportWith(version(1, 2), version(1, 3));
  }

  private ActorRef<ParameterServer.Command> parameterServer(Bulk publisher) {
    WeightVerifier verifier =
        new WeightVerifier() {
          @Override
          public void verify(WeightUpdate update) {}

          @Override
          public void retire(WeightUpdate update) {
            publisher.calls.add("verifier retires " + update.version());
          }
        };
    return KIT.spawn(ParameterServer.create(verifier, () -> Optional.of(publisher)));
  }

  private void publish(ActorRef<ParameterServer.Command> to, PolicyVersion version) {
    to.tell(new ParameterServer.Publish(update(version), orchestrator.getRef()));
  }

  private static void report(
      ActorRef<ParameterServer.Command> to,
      String node,
      TestProbe<WeightHolder.Command> probe,
      Optional<PolicyVersion> fetching,
      WeightOffer... held) {
    to.tell(
        new ParameterServer.HolderReport(
            node, node + ":1", List.of(held), fetching, Optional.empty(), probe.getRef()));
  }

  @Test
  void nodesFormAChainAndWhoComesLateTakesAFinishedOne() {
    ActorRef<ParameterServer.Command> to = parameterServer(new Bulk("root:1"));
    List<TestProbe<WeightHolder.Command>> probes =
        List.of(KIT.createTestProbe(), KIT.createTestProbe(), KIT.createTestProbe());
    for (int i = 0; i < 3; i++) {
      report(to, "n" + i, probes.get(i), Optional.empty());
    }
    publish(to, version(0, 1));
    List<List<String>> routes =
        List.of(List.of("root:1"), List.of("n0:1", "root:1"), List.of("n1:1", "n0:1", "root:1"));
    for (int i = 0; i < 3; i++) {
      assertEquals(
          routes.get(i), probes.get(i).expectMessageClass(WeightHolder.Fetch.class).full());
    }
    report(to, "n0", probes.get(0), Optional.empty(), offer(0, 1));
    report(to, "n1", probes.get(1), Optional.of(version(0, 1)));
    TestProbe<WeightHolder.Command> late = KIT.createTestProbe();
    report(to, "n9", late, Optional.empty());
    assertEquals(
        List.of("n2:1", "n1:1", "n0:1", "root:1"),
        late.expectMessageClass(WeightHolder.Fetch.class).full());
  }

  @Test
  void aLostMessageOrAFailedFetchCostsOneReport() {
    ActorRef<ParameterServer.Command> to = parameterServer(new Bulk("root:1"));
    TestProbe<WeightHolder.Command> probe = KIT.createTestProbe();
    publish(to, version(0, 1));
    report(to, "n0", probe, Optional.empty());
    probe.expectMessageClass(WeightHolder.Fetch.class);
    report(to, "n0", probe, Optional.of(version(0, 1)));
    probe.expectNoMessage();
    report(to, "n0", probe, Optional.empty());
    probe.expectMessageClass(WeightHolder.Fetch.class);
    report(to, "n0", probe, Optional.empty(), offer(0, 1));
    probe.expectNoMessage();
  }

  @Test
  void aVersionIsNotTakenAwayWhileANodeFetchesIt() throws Exception {
    Bulk publisher = new Bulk("root:1");
    ActorRef<ParameterServer.Command> to = parameterServer(publisher);
    TestProbe<WeightHolder.Command> probe = KIT.createTestProbe();
    publish(to, version(0, 1));
    assertEquals("offer v1", publisher.next());
    report(to, "n0", probe, Optional.of(version(0, 1)));
    publish(to, version(0, 2));
    publish(to, version(0, 3));
    assertEquals("offer v2 from v1", publisher.next());
    assertEquals("offer v3 from v2", publisher.next());
    publish(to, version(0, 4));
    assertEquals(
        Set.of("offer v4 from v3", "retire v2", "verifier retires v2"),
        Set.of(publisher.next(), publisher.next(), publisher.next()));
    report(to, "n0", probe, Optional.empty(), offer(0, 1));
    assertEquals("retire v1", publisher.next());
    assertEquals("verifier retires v1", publisher.next());
  }

  @Test
  void aVersionThatANodeWasSentForStaysUntilTheNodeHasSpoken() throws Exception {
    Bulk publisher = new Bulk("root:1");
    ActorRef<ParameterServer.Command> to = parameterServer(publisher);
    TestProbe<WeightHolder.Command> probe = KIT.createTestProbe();
    report(to, "n0", probe, Optional.empty());
    for (int number = 1; number <= 3; number++) {
      publish(to, version(0, number));
      assertEquals("offer v" + number, publisher.next().split(" from")[0]);
      assertEquals(
          version(0, number), probe.expectMessageClass(WeightHolder.Fetch.class).offer().version());
    }
    publish(to, version(0, 4)); // the node is busy, and has not said that it fetches the first
    assertEquals(
        Set.of("offer v4 from v3", "retire v2", "verifier retires v2"),
        Set.of(publisher.next(), publisher.next(), publisher.next()));
    report(to, "n0", probe, Optional.of(version(0, 4)));
    assertEquals("retire v1", publisher.next());
    assertEquals("verifier retires v1", publisher.next());
  }

  @Test
  void aNewServerTakesTheNewestThatANodeHolds() throws Exception {
    Bulk again = new Bulk("root:2").open();
    ActorRef<ParameterServer.Command> to = parameterServer(again);
    TestProbe<WeightHolder.Command> old = KIT.createTestProbe();
    TestProbe<WeightHolder.Command> young = KIT.createTestProbe();
    TestProbe<RolloutWorker.Command> worker = KIT.createTestProbe();
    to.tell(
        new ParameterServer.WorkerJoined(
            "rollout-0", RolloutWorker.Duty.TRAINING, worker.getRef()));
    report(to, "n0", old, Optional.empty(), offer(1, 7));
    report(to, "n1", young, Optional.empty(), offer(1, 7), offer(1, 8));
    assertEquals("fetch v8/t1 from [n1:1]", again.next());
    assertEquals(
        version(1, 8),
        worker.expectMessageClass(RolloutWorker.UpdateWeights.class).update().version());
    WeightHolder.Fetch fetch = old.expectMessageClass(WeightHolder.Fetch.class);
    assertEquals(List.of("n1:1", "root:2"), fetch.full());
    // A learner of that time is late, one of a newer term is not.
    publish(to, version(0, 20));
    publish(to, version(2, 6));
    assertEquals("offer v6/t2 from v8/t1", again.next());
  }

  @Test
  void aHolderFollowsAnotherServerAndGoesWithItsTransport() throws Exception {
    bulk.open();
    ActorRef<WeightHolder.Command> holder =
        holder(KIT.<ParameterServer.Command>createTestProbe().getRef());
    fetch(holder, offer(0, 1));
    assertEquals("fetch v1 from [root:1]", bulk.next());
    holder.tell(new WeightHolder.Follow(server.getRef()));
    reportWith(version(0, 1));
    KIT.stop(holder);
    assertEquals("close", bulk.next());
  }
}
