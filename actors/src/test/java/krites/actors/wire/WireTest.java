package krites.actors.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.NotSerializableException;
import java.lang.reflect.Modifier;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import krites.actors.ClusterSurvey;
import krites.actors.Coordinator;
import krites.actors.Gate;
import krites.actors.Job;
import krites.actors.JobNews;
import krites.actors.Lead;
import krites.actors.Learner;
import krites.actors.LearnerMember;
import krites.actors.NodeAgent;
import krites.actors.Orchestrator;
import krites.actors.ParameterServer;
import krites.actors.Recorder;
import krites.actors.RewardWorker;
import krites.actors.RolloutWorker;
import krites.actors.RunSupervisor;
import krites.actors.StandIn;
import krites.actors.TestSystem;
import krites.actors.WeightHolder;
import krites.actors.WorkerWait;
import krites.grpo.Drop;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.ImageGrid;
import krites.grpo.ImageRef;
import krites.grpo.LogProbs;
import krites.grpo.PartialGroup;
import krites.grpo.PartialResponse;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.Sampling;
import krites.grpo.ScoredGroup;
import krites.grpo.StepReport;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.Tuning;
import krites.grpo.WeightOffer;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.Account;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.GroupState;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerSnapshot;
import krites.grpo.flow.PromptMix;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunState;
import krites.grpo.flow.Wait;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.port.GroupRequest;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;
import org.apache.pekko.serialization.Serializer;
import org.apache.pekko.serialization.Serializers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Every message that may travel survives the trip, and nothing else gets through. */
final class WireTest {
  private static final TestSystem SYSTEM = TestSystem.start();
  private static final PolicyVersion VERSION = new PolicyVersion(1, 12);
  private static final List<Class<?>> PROTOCOLS =
      List.of(
          Orchestrator.Command.class,
          RolloutWorker.Command.class,
          RewardWorker.Command.class,
          Learner.Command.class,
          LearnerMember.Command.class,
          ParameterServer.Command.class,
          Recorder.Command.class,
          RunSupervisor.Command.class,
          WeightHolder.Command.class,
          NodeAgent.Command.class,
          StandIn.Report.class,
          Coordinator.Command.class,
          Coordinator.Answer.class,
          Gate.Command.class,
          ClusterSurvey.Command.class);

  private final Serialization serialization =
      SerializationExtension.get(Adapter.toClassic(SYSTEM.system()));

  @AfterAll
  static void stop() {
    SYSTEM.stop();
  }

  @Test
  void everyMessageSaysHowItTravels() {
    for (Class<?> message : messages()) {
      int ways = 0;
      for (Class<?> way : List.of(ControlMessage.class, DataMessage.class, LocalMessage.class)) {
        ways += way.isAssignableFrom(message) ? 1 : 0;
      }
      assertEquals(1, ways, message + " is of " + ways + " kinds");
      assertEquals(
          !Modifier.isPublic(message.getModifiers()) || message == Recorder.RecordBatch.class,
          LocalMessage.class.isAssignableFrom(message),
          message.toString());
      assertTrue(message.isRecord(), message.toString());
    }
  }

  @Test
  void everyMessageThatMayTravelIsEqualAfterTheTrip() throws Exception {
    Set<Class<?>> seen = new HashSet<>();
    for (Object message : samples()) {
      seen.add(message.getClass());
      Serializer serializer = serialization.findSerializerFor(message);
      byte[] bytes = serialization.serialize(message).get();
      Object back =
          serialization
              .deserialize(
                  bytes, serializer.identifier(), Serializers.manifestFor(serializer, message))
              .get();
      assertEquals(message, back);
      assertEquals(
          message instanceof DataMessage ? "DataSerializer" : "JacksonCborSerializer",
          serializer.getClass().getSimpleName());
    }
    List<Class<?>> travelling =
        messages().stream().filter(m -> !LocalMessage.class.isAssignableFrom(m)).toList();
    assertEquals(new HashSet<>(travelling), seen, "a sample of every message");
  }

  @Test
  void termsOfARewardKeepTheirOrder() throws Exception {
    DataSerializer serializer = new DataSerializer();
    var message = new Orchestrator.GroupScored("reward-0", scored());
    var back =
        (Orchestrator.GroupScored)
            serializer.fromBinary(serializer.toBinary(message), serializer.manifest(message));
    assertEquals(
        List.of("format", "accuracy", "a"),
        List.copyOf(back.scored().rewards().getFirst().terms().keySet()));
  }

  @Test
  void aBufferOfTheRemotingIsUsedWithoutACopyAndTooSmallAOneIsReportedAsSuch() throws Exception {
    DataSerializer serializer = new DataSerializer();
    var message = new Learner.Train(batch());
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    serializer.toBinary(message, buffer);
    buffer.flip();
    assertEquals(message, serializer.fromBinary(buffer, "train-3"));
    assertThrows(
        BufferOverflowException.class,
        () -> serializer.toBinary(message, ByteBuffer.allocateDirect(100)));
  }

  @Test
  void bytesFromABufferAndFromAnArrayAreTheSame() {
    DataSerializer serializer = new DataSerializer();
    var message = new Learner.Train(batch());
    byte[] array = serializer.toBinary(message);
    ByteBuffer buffer = ByteBuffer.allocate(array.length).order(ByteOrder.LITTLE_ENDIAN);
    serializer.toBinary(message, buffer);
    assertEquals(ByteBuffer.wrap(array), buffer.flip());
  }

  @Test
  void javaSerializationIsOffAndForeignClassesAreRefused() throws Exception {
    var config = SYSTEM.system().settings().config();
    assertFalse(config.getBoolean("pekko.actor.allow-java-serialization"));
    assertTrue(serialization.serialize(new java.util.ArrayList<>(List.of("x"))).isFailure());
    record Foreign(String secret) implements DataMessage {}
    assertThrows(
        IllegalArgumentException.class, () -> new DataSerializer().toBinary(new Foreign("x")));
    assertThrows(
        NotSerializableException.class,
        () -> new DataSerializer().fromBinary(new byte[8], "java.io.File"));
    int jackson = serialization.serializerFor(ControlMessage.class).identifier();
    assertTrue(
        serialization
            .deserialize(new byte[] {(byte) 0xA0}, jackson, "java.util.HashMap")
            .isFailure());
  }

  @Test
  void brokenBytesAreRefusedAndNeverCostMoreThanTheyAre() {
    DataSerializer serializer = new DataSerializer();
    for (Object message :
        List.of(
            new Learner.Train(batch()),
            new RewardWorker.Score(group(9)),
            new Orchestrator.GroupCut("rollout-0", partial()))) {
      byte[] good = serializer.toBinary(message);
      String manifest = serializer.manifest(message);
      for (int length = 0; length < good.length; length++) {
        byte[] cut = java.util.Arrays.copyOf(good, length);
        assertThrows(
            NotSerializableException.class,
            () -> serializer.fromBinary(cut, manifest),
            "cut " + length);
      }
      for (long seed = 0; seed < 20_000; seed++) {
        Random random = new Random(seed);
        byte[] flipped = good.clone();
        for (int i = 0; i <= random.nextInt(4); i++) {
          flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
        }
        readOrRefuse(serializer, flipped, manifest, seed);
      }
    }
  }

  @Test
  void aHugeLengthIsComparedWithTheBytesLeftBeforeAnythingIsAllocated() {
    DataSerializer serializer = new DataSerializer();
    byte[] crafted = {2, 'r', '0', 2, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 7};
    var refused =
        assertThrows(
            NotSerializableException.class, () -> serializer.fromBinary(crafted, "generated-2"));
    assertTrue(
        refused.getMessage().contains("a length of 2147483647 with 0 bytes left"),
        refused.getMessage());
  }

  private static void readOrRefuse(
      DataSerializer serializer, byte[] bytes, String manifest, long seed) {
    try {
      serializer.fromBinary(bytes, manifest); // a flipped token id or reward is a valid message
    } catch (NotSerializableException refused) {
      assertTrue(refused.getMessage().startsWith("data message"));
    } catch (Throwable other) {
      fail("seed " + seed, other);
    }
  }

  private static List<Class<?>> messages() {
    List<Class<?>> messages = new ArrayList<>();
    PROTOCOLS.forEach(protocol -> addPermitted(protocol, messages));
    return messages;
  }

  private static WeightOffer offer(WeightUpdate update) {
    return new WeightOffer(
        update,
        new WeightOffer.Content("ab", "cd", 1L << 40),
        Optional.of(
            new WeightOffer.Delta(
                new PolicyVersion(1, 11), "ef", new WeightOffer.Content("01", "23", 7))));
  }

  private static void addPermitted(Class<?> protocol, List<Class<?>> messages) {
    for (Class<?> permitted : protocol.getPermittedSubclasses()) {
      if (permitted.isSealed()) {
        addPermitted(permitted, messages);
      } else {
        messages.add(permitted);
      }
    }
  }

  private static List<Object> samples() {
    ActorRef<RolloutWorker.Command> rollout = SYSTEM.ref();
    ActorRef<RewardWorker.Command> reward = SYSTEM.ref();
    ActorRef<Learner.Command> learner = SYSTEM.ref();
    ActorRef<RunSupervisor.Command> supervisor = SYSTEM.ref();
    ActorRef<Orchestrator.Command> orchestrator = SYSTEM.ref();
    ActorRef<WeightHolder.Command> holder = SYSTEM.ref();
    ActorRef<ParameterServer.Command> parameterServer = SYSTEM.ref();
    WeightUpdate update = new WeightUpdate(VERSION, "weights/12", "sha256:ab");
    var request =
        new GroupRequest(
            7,
            prompt(),
            new Sampling(3, 0.7f, 0.9f, 50, 1.1f, 64, List.of("</answer>", "\n\n")),
            Long.MIN_VALUE,
            Optional.of(partial()),
            16);
    RunSummary summary =
        new RunSummary(
            RunSummary.Outcome.STOPPED,
            12,
            VERSION,
            7,
            1.5,
            new Account(10, 6, Map.of(Drop.STALE, 1L), 3),
            1,
            13,
            2);
    return List.of(
        new Orchestrator.WorkerReady("rollout-0", RolloutWorker.Duty.TRAINING, 4, 32, rollout),
        new Orchestrator.RewardReady("reward-0", reward),
        new Orchestrator.LearnerReady(update, learner),
        new Orchestrator.GroupGenerated("rollout-0", group(7)),
        new Orchestrator.GenerationFailed("rollout-0", 7, "too long"),
        new Orchestrator.GroupScored("reward-0", scored()),
        new Orchestrator.ScoringFailed("reward-0", -7, "no box"),
        new Orchestrator.Trained(
            new StepReport(12, VERSION, true, Map.of("grad/norm", Double.NaN)), update),
        new Orchestrator.Announced(update),
        new Orchestrator.KeptForEval(VERSION),
        new Orchestrator.Checkpointed(12, "step-12"),
        new Orchestrator.GroupCut("rollout-0", partial()),
        new Orchestrator.WorkerDrained("rollout-0", List.of(7L, -3L)),
        new Orchestrator.WorkerReport(
            "rollout-0",
            Optional.of(VERSION),
            List.of(-3L, 7L),
            Map.of("tokens/decoded", 12.5),
            WorkerWait.ENGINE),
        new Orchestrator.LearnerProgress(),
        new Orchestrator.Stop(),
        new Orchestrator.Abort("why"),
        new RolloutWorker.Generate(request, VERSION),
        new RolloutWorker.UpdateWeights(update),
        new RolloutWorker.Cancel(-7),
        new RolloutWorker.Drain(),
        new RewardWorker.Score(group(-3)),
        new RewardWorker.Ping(),
        new Learner.Train(batch()),
        new Learner.Checkpoint(state()),
        new ParameterServer.Publish(update, orchestrator),
        new ParameterServer.WorkerJoined("evaluator-0", RolloutWorker.Duty.EVALUATION, rollout),
        new ParameterServer.Evaluate(VERSION, orchestrator),
        new ParameterServer.WeightsActive("rollout-0", VERSION),
        new ParameterServer.HolderReport(
            "node-1",
            "10.0.0.1:7100",
            List.of(offer(update)),
            Optional.of(VERSION),
            Optional.of(VERSION),
            holder),
        new WeightHolder.Fetch(offer(update), List.of("a:1", "b:2"), List.of("c:3")),
        new WeightHolder.Retire(VERSION),
        new WeightHolder.Follow(parameterServer),
        new Recorder.RecordStep(
            new StepRecord(12, VERSION, false, Map.of("a/b", 1.0)), List.of(sample())),
        new Recorder.RecordEval(
            new EvalRecord(
                12,
                VERSION,
                "held-out",
                3,
                1,
                0.5,
                Map.of("accuracy", 0.5),
                20,
                Map.of("kind=even", new EvalRecord.TagAccuracy(2, 0.5)),
                3.5)),
        new Recorder.RecordEvents(events(), 16, orchestrator),
        new Recorder.Sync(16, orchestrator),
        new Recorder.RecordStatus(
            new RunStatus(
                "running",
                11,
                12,
                VERSION,
                new Account(3, 1, Map.of(Drop.STALE, 1L), 1),
                Map.of("learner.lr", "1.0E-4"),
                List.of(new Wait("orchestrator", "learner", "step 12", 1.5)),
                Map.of(4L, "3 workers died under it"),
                0.5,
                "",
                Map.of("groups_ready", 2.0))),
        new Learner.Ask(),
        new Orchestrator.LearnerStatus(VERSION, 12),
        new Orchestrator.Written(16),
        new Orchestrator.Synced(16),
        new Orchestrator.BatchWritten(12),
        new RewardWorker.Ping(),
        new Recorder.Finish(summary, supervisor),
        new RunSupervisor.Stop(),
        new RunSupervisor.RunEnded(summary, "", Optional.of("step-12")),
        new RunSupervisor.Recorded(),
        new RunSupervisor.Dismissed("learner"),
        new NodeAgent.Meet(SYSTEM.ref()),
        new NodeAgent.Remember(job()),
        new NodeAgent.Forget("job-1"),
        new NodeAgent.Dismiss("learner", supervisor),
        new NodeAgent.Describe(SYSTEM.ref()),
        new NodeAgent.HostRollout(
            job(),
            "rollout-0",
            SYSTEM.ref(),
            "rollout-0",
            RolloutWorker.Duty.EVALUATION,
            1,
            orchestrator,
            SYSTEM.ref(),
            WeightUpdateMode.FINISH),
        new NodeAgent.HostReward(job(), "reward-0", SYSTEM.ref(), "reward-0", orchestrator),
        new NodeAgent.HostLearner(
            job(), "learner", SYSTEM.ref(), 12, VERSION, 2, orchestrator, SYSTEM.ref()),
        new NodeAgent.HostMember(
            job(), "learner-member-1", SYSTEM.ref(), 12, VERSION, 1, SYSTEM.ref()),
        new Learner.Join(1, "a:1", SYSTEM.ref()),
        new LearnerMember.Begin("ticket", List.of("a:1", "b:2")),
        new NodeAgent.HostParams(job(), "parameter-server", SYSTEM.ref()),
        new StandIn.Started(SYSTEM.ref()),
        new StandIn.Ended("why", true),
        new Coordinator.Submit(job(), SYSTEM.ref()),
        new Coordinator.Inquire("job-1", 7, SYSTEM.ref()),
        new Coordinator.Halt("job-1"),
        new Coordinator.Describe(SYSTEM.ref()),
        new Coordinator.Met(
            new NodeAgent.Hello(
                "host:1#a", Set.of("learner"), Optional.of(job()), SYSTEM.ref(), false)),
        new Coordinator.Accepted("job-1"),
        new Coordinator.Refused("why"),
        new Coordinator.News(
            "job-1",
            "running",
            List.of(
                new JobNews.Item(
                    8,
                    Optional.of(new StepRecord(12, VERSION, false, Map.of("a/b", 1.0))),
                    Optional.empty())),
            Optional.of(new Lead.Conclusion(0, List.of("done")))),
        new Gate.Submit(job(), SYSTEM.ref()),
        new Gate.Inquire("job-1", 7, SYSTEM.ref()),
        new Gate.Halt("job-1"),
        new Gate.Survey(SYSTEM.ref()),
        new ClusterSurvey.NodeSaid(
            "host:1#a",
            List.of("cpu"),
            "job-1",
            List.of(new ClusterSurvey.HostedActor("rollout-0", Optional.of(VERSION), 12.5))),
        new ClusterSurvey.JobSaid("job-1", "running", Optional.empty()));
  }

  private static Job job() {
    return new Job(
        "job-1",
        "run.steps = 1",
        "runs/look",
        true,
        "krites 1",
        "0123456789abcdef0123456789abcdef");
  }

  /** One of each. */
  private static List<LedgerEvent> events() {
    FlowLimits limits = FlowLimits.of(12, 4, 1);
    List<LedgerEvent> events =
        List.of(
            new LedgerEvent.RunStarted(7, 50, PromptMix.of(20, 0.3), limits, VERSION),
            new LedgerEvent.RunResumed(3, VERSION, limits),
            new LedgerEvent.VersionPublished(VERSION, "abc"),
            new LedgerEvent.GroupStarted(7, new PromptTicket(3, 1), "rollout-0"),
            new LedgerEvent.GroupDispatched(7, "rollout-1"),
            new LedgerEvent.CopyLost(7, "rollout-1"),
            new LedgerEvent.GroupCut(7, "rollout-0", VERSION),
            new LedgerEvent.GroupGenerated(7, "rollout-0", VERSION, 30),
            new LedgerEvent.GroupReady(7),
            new LedgerEvent.GroupDropped(7, Drop.STALE),
            new LedgerEvent.PromptSetAside(new PromptTicket(3, 1), 9, "why"),
            new LedgerEvent.BatchTaken(12, VERSION, List.of(1L, 2L)),
            new LedgerEvent.StepTrained(12, VERSION),
            new LedgerEvent.CheckpointWritten(12),
            new LedgerEvent.SettingChanged("learner.lr", "1", "2", VERSION, limits),
            new LedgerEvent.RunEnded("completed"));
    assertEquals(
        Set.of(LedgerEvent.class.getPermittedSubclasses()),
        events.stream().map(Object::getClass).collect(Collectors.toSet()));
    return events;
  }

  private static RunState state() {
    var ledger =
        new LedgerSnapshot(
            7,
            FlowLimits.of(20, 4, 1),
            11,
            12,
            10,
            VERSION,
            10,
            8,
            Map.of(Drop.FLAT, 1L),
            List.of(
                new LedgerSnapshot.Flight(
                    10,
                    new PromptTicket(9, 0),
                    new GroupState(GroupState.Phase.GENERATING, List.of("rollout-0"), null))),
            1,
            new CursorState(50, PromptMix.of(20, 0.3), 10, List.of(new PromptTicket(4, 2))),
            Map.of(9L, 1),
            Map.of(3L, "why"));
    return new RunState(10, ledger, 99);
  }

  private static SampleRecord sample() {
    return new SampleRecord(
        12,
        7,
        "p",
        Task.CRITIC,
        "text",
        "1",
        "says",
        3,
        FinishReason.STOP,
        VERSION,
        0.9,
        Map.of("format", 1.0),
        -0.5);
  }

  private static Prompt prompt() {
    return new Prompt(
        "prompt-1",
        Task.CRITIC,
        "Look: <image> Which is better, ä or ∑ or 😀?",
        List.of(new ImageRef("a.png")),
        "2",
        Map.of("kind", "colour"));
  }

  private static Group group(long id) {
    var encoded = new EncodedPrompt(TokenIds.of(1, 151_655, 3), List.of(new ImageGrid(1, 4, 6)));
    List<Response> responses = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      responses.add(
          new Response(
              TokenIds.of(5, 6 + i, -1),
              LogProbs.of(-0.5f, -3e-8f, Float.NEGATIVE_INFINITY),
              FinishReason.LENGTH,
              "It is \\boxed{1} ✓",
              new TokenVersions(
                  List.of(
                      new TokenVersions.Span(new PolicyVersion(1, 11), 1),
                      new TokenVersions.Span(VERSION, 2)))));
    }
    return new Group(id, prompt(), encoded, responses);
  }

  /** One response that was not begun, one that may go on, one that has ended. */
  private static PartialGroup partial() {
    Group whole = group(7);
    List<PartialResponse> responses = new ArrayList<>();
    for (int tokens : new int[] {0, 2, 3}) {
      Response response = whole.responses().get(responses.size());
      responses.add(
          new PartialResponse(
              TokenIds.of(Arrays.copyOf(response.ids().toArray(), tokens)),
              LogProbs.of(Arrays.copyOf(response.behaviourLogProbs().toArray(), tokens)),
              response.versions().prefix(tokens),
              tokens == 3 ? Optional.of(FinishReason.STOP) : Optional.empty()));
    }
    return new PartialGroup(7, whole.prompt(), whole.encoded(), responses);
  }

  private static ScoredGroup scored() {
    Map<String, Double> terms = new LinkedHashMap<>();
    terms.put("format", 1.0);
    terms.put("accuracy", 0.0);
    terms.put("a", -2.0);
    return new ScoredGroup(
        group(7), List.of(new Reward(0.1, terms), new Reward(1, Map.of()), new Reward(0, terms)));
  }

  /** Recorded batches take the form of the wire, and garbage is refused as it is there. */
  @Test
  void aBatchOutsideOfAMessageReadsBackAndGarbageIsRefused() throws Exception {
    byte[] bytes = BatchCodec.encode(batch());
    assertEquals(batch(), BatchCodec.decode(bytes));
    assertTrue(BatchCodec.FORM.length() <= 16, "it has to fit into the head of a file");
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThrows(IOException.class, () -> BatchCodec.decode(cut), "cut to " + length);
    }
    for (long seed = 0; seed < 2_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] bad = bytes.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      try {
        BatchCodec.decode(bad); // another batch: only a checksum can tell
      } catch (IOException refused) {
        assertNotNull(refused.getMessage(), "seed " + seed);
      }
    }
  }

  private static TrainingBatch batch() {
    var tuning =
        new Tuning(
            OptionalDouble.of(3e-6),
            OptionalDouble.empty(),
            OptionalDouble.of(0.28),
            OptionalDouble.of(0));
    return new TrainingBatch(
        13, VERSION, List.of(new TrainingGroup(scored(), List.of(0.5, -1.0, 0.5))), 2, tuning);
  }
}
