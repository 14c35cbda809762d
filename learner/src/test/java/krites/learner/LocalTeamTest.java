package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import krites.grpo.PolicyVersion;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.Tuning;
import krites.grpo.objective.LearningRate;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.TrainerMember;
import krites.model.image.ImagePipeline;
import krites.model.image.ImageProcessor;
import krites.model.lora.LoraFiles;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.Precision;
import krites.model.safetensors.DType;
import krites.model.safetensors.SafetensorsFile;
import krites.model.weights.WeightStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members of a learner in one process, on the small golden model with text alone. */
class LocalTeamTest {
  private static final Path MODEL =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a");

  /**
   * A large epsilon: with the usual one the first steps move a weight by the sign of its gradient
   * alone, and a gradient of rounding errors has either.
   */
  private static final AdamWSettings SMOOTH = new AdamWSettings(0.9, 0.99, 1e-2, 0.01, 1);

  private static final Optional<LoraSettings> LORA =
      Optional.of(new LoraSettings(4, 8, List.of(LoraTarget.values()), 3));

  private static final int STEPS = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;
  private final AtomicInteger places = new AtomicInteger();

  @Test
  void membersTrainWhatOneLearnerTrains() throws IOException {
    requireSame(choice(false, Precision.F32), 2e-6, 2, 3);
    OptimizerSettings offloaded = new OptimizerSettings(OptimizerKind.ADAMW, true);
    requireSame(choice(false, Precision.F32).with(LORA.get()).with(offloaded), 2e-6, 2);
  }

  /** A gradient in bfloat16 differs with what stands beside a group in its micro-batch. */
  @Test
  void membersTrainInBfloat16WithMastersOfTheirShardsAlone() throws IOException {
    requireSame(choice(true, Precision.BF16), 2e-4, 3);
  }

  /** A moment on the border of two codes may fall to either, so most of them are compared. */
  @Test
  void momentsOf8BitsAreShardedByWholeBlocks() throws IOException {
    TrainingCore.Choice choice =
        choice(false, Precision.F32).with(new OptimizerSettings(OptimizerKind.ADAMW_8BIT, false));
    Path alone = trained(settings(choice), 1, 0, STEPS, Optional.empty()).saved();
    Path shared = trained(settings(choice), 3, 0, STEPS, Optional.empty()).saved();
    requireClose(
        alone.resolve("model.safetensors"), shared.resolve("model.safetensors"), 1e-4, choice + "");
    try (SafetensorsFile one = SafetensorsFile.open(alone.resolve("optimizer.safetensors"));
        SafetensorsFile other = SafetensorsFile.open(shared.resolve("optimizer.safetensors"))) {
      assertEquals(List.copyOf(one.names()), List.copyOf(other.names()));
      assertEquals(one.metadata(), other.metadata());
      for (String name : one.names()) {
        assertEquals(one.entry(name).dtype(), other.entry(name).dtype(), name);
        assertArrayEquals(one.entry(name).shape(), other.entry(name).shape(), name);
      }
    }
  }

  private void requireSame(TrainingCore.Choice choice, double tolerance, int... counts)
      throws IOException {
    Trained alone = trained(settings(choice), 1, 0, STEPS, Optional.empty());
    for (int members : counts) {
      Trained shared = trained(settings(choice), members, 0, STEPS, Optional.empty());
      requireSame(alone, shared, tolerance, members + " members, " + choice);
    }
  }

  private static void requireSame(Trained alone, Trained shared, double tolerance, String what) {
    for (String file : List.of(LoraFiles.WEIGHTS, "model.safetensors")) {
      if (Files.exists(alone.saved().resolve(file))) {
        requireClose(alone.saved().resolve(file), shared.saved().resolve(file), tolerance, what);
      }
    }
    requireClose(
        alone.saved().resolve("optimizer.safetensors"),
        shared.saved().resolve("optimizer.safetensors"),
        100 * tolerance,
        what);
    for (int step = 0; step < STEPS; step++) {
      Map<String, Double> expected = alone.steps().get(step);
      Map<String, Double> found = shared.steps().get(step);
      for (Map.Entry<String, Double> metric : expected.entrySet()) {
        if (!metric.getKey().endsWith("_seconds")) {
          double value = metric.getValue();
          assertEquals(
              value,
              found.get(metric.getKey()),
              1000 * tolerance * Math.max(0.1, Math.abs(value)),
              what + ", step " + step + ": " + metric.getKey());
        }
      }
      assertTrue(found.containsKey("learner/member_wait_seconds"));
    }
  }

  private static void requireClose(Path one, Path other, double tolerance, String what) {
    try (SafetensorsFile expected = SafetensorsFile.open(one);
        SafetensorsFile found = SafetensorsFile.open(other)) {
      assertEquals(List.copyOf(expected.names()), List.copyOf(found.names()));
      double most = 0;
      for (String name : expected.names()) {
        assertArrayEquals(expected.entry(name).shape(), found.entry(name).shape(), name);
        float[] values = expected.floats(name);
        float[] others = found.floats(name);
        for (int i = 0; i < values.length; i++) {
          most = Math.max(most, Math.abs(values[i] - others[i]));
        }
      }
      assertTrue(most <= tolerance, what + ": " + one.getFileName() + " differs by " + most);
    }
  }

  @Test
  void aCheckpointOfTwoMembersGoesOnWithOtherNumbers() {
    TrainerSettings settings = settings(choice(false, Precision.F32));
    Path saved = trained(settings, 2, 0, 2, Optional.empty()).saved();
    Path straight = trained(settings, 2, 0, 3, Optional.empty()).saved();
    for (int members : new int[] {1, 3}) {
      Path resumed = trained(settings, members, 2, 3, Optional.of(saved)).saved();
      requireClose(
          straight.resolve("model.safetensors"),
          resumed.resolve("model.safetensors"),
          2e-6,
          members + " members");
      requireClose(
          straight.resolve("optimizer.safetensors"),
          resumed.resolve("optimizer.safetensors"),
          2e-5,
          members + " members");
    }
  }

  @Test
  void aResumedRunWithTheSameMembersMakesTheSameBits() throws IOException {
    TrainerSettings settings = settings(choice(false, Precision.BF16));
    Path saved = trained(settings, 2, 0, 1, Optional.empty()).saved();
    Path straight = trained(settings, 2, 0, 2, Optional.empty()).saved();
    Path resumed = trained(settings, 2, 1, 2, Optional.of(saved)).saved();
    for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
      assertEquals(-1, Files.mismatch(straight.resolve(file), resumed.resolve(file)), file);
    }
  }

  @Test
  void aCheckpointInTheMiddleOfAStepHoldsTheStepBefore() throws IOException {
    TrainerSettings settings = settings(choice(false, Precision.BF16));
    Path between = trained(settings, 3, 0, 1, Optional.empty()).saved();
    try (PolicyTrainer team = team(settings, 3, Optional.empty(), 0)) {
      DjlPolicyTrainerTest.step(team, batch(1));
      team.begin(batch(2));
      for (int piece = 0; ; piece++) {
        Path saved = Files.createDirectory(folder.resolve("middle-" + piece));
        team.save(saved);
        for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
          assertEquals(
              -1, Files.mismatch(between.resolve(file), saved.resolve(file)), "piece " + piece);
        }
        if (team.advance().isPresent()) {
          break;
        }
      }
      assertEquals(new PolicyVersion(0, 2), team.version());
    }
  }

  @Test
  void aMemberThatFailsEndsTheStepWithItsReason() {
    TrainerSettings settings = settings(choice(false, Precision.F32));
    LocalTeam team =
        LocalTeam.of(
            LocalMembers.of(3, PATIENCE),
            exchange -> trainer(settings, Optional.empty(), 0, Optional.of(team(exchange))),
            exchange -> exchange.rank() == 2 ? new Failing(exchange) : member(settings, exchange));
    try (team) {
      IllegalStateException failed =
          assertThrows(
              IllegalStateException.class, () -> DjlPolicyTrainerTest.step(team, batch(1)));
      assertEquals("member 2 of the learner: out of memory", failed.getMessage());
    }
  }

  @Test
  void aMemberThatHangsIsGivenUp() {
    TrainerSettings settings = settings(choice(false, Precision.F32));
    Duration patience = Duration.ofMillis(300);
    LocalTeam team =
        LocalTeam.of(
            LocalMembers.of(2, PATIENCE),
            exchange ->
                trainer(
                    settings, Optional.empty(), 0, Optional.of(new Team(exchange, FORM, patience))),
            Hanging::new);
    try (team) {
      IllegalStateException lost =
          assertThrows(
              IllegalStateException.class, () -> DjlPolicyTrainerTest.step(team, batch(1)));
      assertTrue(
          lost.getMessage().startsWith("member 1 of the learner is not done with its share"),
          lost.getMessage());
    }
  }

  /** Takes its word and fails. */
  private record Failing(MemberExchange exchange) implements TrainerMember {
    @Override
    public void advance() {
      if (exchange.await(0, PATIENCE)) {
        throw new IllegalStateException("out of memory");
      }
    }

    /** As the real one, it closes its exchange; the others notice long before it has ended. */
    @Override
    public void close() {
      exchange.close();
      try {
        Thread.sleep(300);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Takes what comes and does nothing. */
  private record Hanging(MemberExchange exchange) implements TrainerMember {
    @Override
    public void advance() {
      if (exchange.await(0, Duration.ofMillis(50))) {
        exchange.receive(0, ByteBuffer.allocate(1));
      }
    }

    @Override
    public void close() {}
  }

  // --- making
  // --------------------------------------------------------------------------------------------------------

  private record Trained(Path saved, List<Map<String, Double>> steps) {}

  /** Trains steps {@code after + 1} to {@code until}. */
  private Trained trained(
      TrainerSettings settings, int members, int after, int until, Optional<Path> from) {
    List<Map<String, Double>> steps = new ArrayList<>();
    try (PolicyTrainer trainer = team(settings, members, from, after)) {
      for (int step = after + 1; step <= until; step++) {
        steps.add(DjlPolicyTrainerTest.step(trainer, batch(step)));
      }
      Path saved = Files.createDirectory(folder.resolve("saved-" + places.getAndIncrement()));
      trainer.publish();
      trainer.save(saved);
      return new Trained(saved, steps);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private PolicyTrainer team(
      TrainerSettings settings, int members, Optional<Path> from, int version) {
    if (members == 1) {
      return trainer(settings, from, version, Optional.empty());
    }
    return LocalTeam.of(
        LocalMembers.of(members, PATIENCE),
        exchange -> trainer(settings, from, version, Optional.of(team(exchange))),
        exchange ->
            new DjlTrainerMember(trainer(settings, from, version, Optional.of(team(exchange)))));
  }

  private TrainerMember member(TrainerSettings settings, MemberExchange exchange) {
    return new DjlTrainerMember(
        trainer(settings, Optional.empty(), 0, Optional.of(team(exchange))));
  }

  private static Team team(MemberExchange exchange) {
    return new Team(exchange, FORM, PATIENCE);
  }

  /** Batches by a number, since this room has no form of the wire. */
  private static final Team.Form FORM =
      new Team.Form() {
        private final Map<Integer, TrainingBatch> known = new ConcurrentHashMap<>();
        private final AtomicInteger next = new AtomicInteger();

        @Override
        public byte[] encode(TrainingBatch batch) {
          int number = next.getAndIncrement();
          known.put(number, batch);
          return ByteBuffer.allocate(4).putInt(number).array();
        }

        @Override
        public TrainingBatch decode(byte[] bytes) throws IOException {
          return Optional.ofNullable(known.get(ByteBuffer.wrap(bytes).getInt()))
              .orElseThrow(() -> new IOException("an unknown number"));
        }
      };

  private DjlPolicyTrainer trainer(
      TrainerSettings settings, Optional<Path> from, int version, Optional<Team> team) {
    return new DjlPolicyTrainer(
        new DjlPolicyTrainer.Start(
            from.orElse(MODEL),
            MODEL,
            from.map(path -> path.resolve(DjlPolicyTrainer.OPTIMIZER_FILE)),
            Optional.of(new LoraFiles.Base("base", "of 1 bytes")),
            new PolicyVersion(0, version)),
        settings,
        image -> {
          throw new IOException("no image in this test");
        },
        ImagePipeline.of(ImageProcessor.load(MODEL)),
        new WeightStore(folder.resolve("trainer-" + places.getAndIncrement()), Precision.F32),
        (directory, weights) -> {
          Files.copy(MODEL.resolve("config.json"), directory.resolve("config.json"));
          weights.save(directory, DType.F32);
        },
        team);
  }

  /** Five groups, but in step 2 a single one, which leaves members without work. */
  private static TrainingBatch batch(int step) {
    Random random = new Random(step);
    List<TrainingGroup> groups = new ArrayList<>();
    int count = step == 2 ? 1 : 5;
    for (int i = 0; i < count; i++) {
      groups.add(
          DjlPolicyTrainerTest.group(
              i, random, new PolicyVersion(0, Math.max(0, step - 1 - i % 2))));
    }
    return new TrainingBatch(step, new PolicyVersion(0, step - 1), groups, 1, Tuning.NONE);
  }

  private static TrainingCore.Choice choice(boolean freezeVision, Precision precision) {
    return new TrainingCore.Choice(freezeVision, precision, freezeVision);
  }

  private static TrainerSettings settings(TrainingCore.Choice choice) {
    return new TrainerSettings(
        new Objective(1, DjlPolicyTrainerTest.objective(0.2, 0.3, 0.05)),
        TokenWeights.MICRO_BATCH_TOKEN_MEAN,
        8,
        SMOOTH,
        new LearningRate.Constant(1e-3, 0),
        2,
        50,
        choice,
        1,
        Device.cpu());
  }
}
