package krites.app.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.config.ConfigReader;
import krites.app.config.RunConfig;
import krites.learner.OptimizerSettings;
import krites.learner.TrainingCore;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MemoryPlanTest {
  private static final Path SHIPPED = Path.of("..", "models", "shapes-base");
  private static final Path GOLDEN =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a", "config.json");
  private static final TrainingCore.Choice PLAIN = TrainingCore.Choice.PLAIN;

  private final RunConfig config = with("eval.workers=0");
  private final Qwen25VlConfig shipped = Qwen25VlConfig.load(SHIPPED);

  @Test
  void theCacheOfATokenIsCountedByHand() {
    // Two arrays, 3 layers, 1 key-value head of 32 numbers.
    assertEquals(2 * 3 * 32 * 4, RolloutMemory.cacheBytesOfToken(shipped, Precision.F32));
    assertEquals(2 * 3 * 32 * 2, RolloutMemory.cacheBytesOfToken(shipped, Precision.BF16));
  }

  @Test
  void aPromptIsHeldOnceForItsGroupAndEverythingInBlocksOf16() {
    Load load = new Load(100, 200, 4, 8, 16, 2, 2048, 0, 4096);

    RolloutMemory memory = RolloutMemory.of(shipped, Precision.F32, Kernels.PLAIN, load);

    assertEquals(2 * 112 * 768 + 16 * 208 * 768L, memory.cache(), "2 prompts, 16 responses");
    assertEquals((112 / 8 + 208) * 768L, memory.perSequence());
    assertEquals(16 * 208 * 768L / 6, memory.growth(), "one of the six tensors twice");
  }

  @Test
  void matricesInAnotherOrderAreCountedBesideTheWeights() {
    Load load = new Load(100, 200, 4, 8, 16, 2, 2048, 0, 4096);

    assertEquals(
        2 * RolloutMemory.of(shipped, Precision.F32, Kernels.PLAIN, load).weights(),
        RolloutMemory.of(shipped, Precision.F32, Kernels.PACKED, load).weights(),
        "the table of embeddings is the head as well");
    long rounded = RolloutMemory.of(shipped, Precision.BF16, Kernels.PLAIN, load).weights();
    assertEquals(
        3 * rounded,
        RolloutMemory.of(shipped, Precision.BF16, Kernels.PACKED_WIDE, load).weights(),
        "float32 beside bfloat16");
  }

  @Test
  void aBudgetIsWhatTheCacheTakes() {
    Load load = new Load(100, 200, 4, 8, 16, 2, 2048, 1 << 20, 4096);

    assertEquals(1 << 20, RolloutMemory.of(shipped, Precision.F32, Kernels.PLAIN, load).cache());
  }

  @Test
  void aPictureIsCountedInTokensOfFourPatches() {
    Load load = Load.of(config, shipped, 90, 96, 56 * 56);

    assertEquals(94, load.promptTokens());
    assertEquals(16, load.patches());
    assertEquals(94 + 8 * 96, load.rowTokens());
  }

  @Test
  void theMeasuredPassIsFoundWithinFifteenPercent(@TempDir Path folder) throws IOException {
    // PassMemoryTest of the learner: 4 rows of 192 tokens, 129 of each predicted.
    Files.writeString(folder.resolve("config.json"), wide());
    Qwen25VlConfig network = Qwen25VlConfig.load(folder);
    Load load = new Load(63, 129, 0, 1, 4, 1, 2048, 0, 768);

    assertNear(3_354e6, PassMemory.of(network, PLAIN, load).peak());
    assertNear(592e6, PassMemory.of(network, twice(), load).peak());
    // On a processor whose products are float32 ones for bfloat16 as well.
    TrainingCore.Choice rounded = new TrainingCore.Choice(false, Precision.BF16, true);
    assertNear(554e6, PassMemory.of(network, rounded, load).peak());
  }

  private static void assertNear(double measured, long computed) {
    assertTrue(Math.abs(computed / measured - 1) < 0.15, computed + " for a measured " + measured);
  }

  @Test
  void everySavingSaves() {
    Load load = Load.of(config, shipped, 90, 96, 56 * 56);
    long plain = learner(PLAIN, load);

    assertTrue(learner(twice(), load) < plain, "activations");
    assertTrue(
        learner(new TrainingCore.Choice(false, Precision.BF16, false), load) < plain, "bfloat16");
    assertTrue(
        learner(new TrainingCore.Choice(true, Precision.F32, false), load) < plain, "vision");
    assertTrue(learner(lora(), load) < plain, "adapters");
  }

  @Test
  void aReportTellsWhatToChangeWhereItDoesNotFit() {
    Load load = Load.of(config, shipped, 90, 96, 56 * 56);
    MemoryPlan plan = plan(PLAIN, load);
    PlanReport roomy = new PlanReport(plan, other -> plan(other, load), PLAIN, 0, 2_000_000_000);
    PlanReport narrow = new PlanReport(plan, other -> plan(other, load), PLAIN, 0, 600_000_000);

    assertTrue(roomy.fits());
    assertTrue(roomy.lines().stream().noneMatch(line -> line.contains("otherwise")));
    assertTrue(!narrow.fits());
    String text = String.join("\n", narrow.lines());
    assertTrue(text.contains("does NOT fit"), text);
    assertTrue(text.contains("learner.checkpoint-activations = true"), text);
    assertTrue(text.contains("learner.lora.rank = 16"), text);
    assertEquals(false, narrow.json().get("fits").asBoolean());
  }

  @Test
  void theRolesOfADeviceAreAddedUp() {
    Load load = Load.of(config, shipped, 90, 96, 56 * 56);
    MemoryPlan plan = plan(PLAIN, load);

    assertEquals(
        plan.hostBytes() + plan.learner().bytes() + plan.rollout().bytes(),
        plan.byDevice().get("cpu"));
    assertEquals(4 * 1_055_072, plan.pushBytes());
    assertEquals(3 * 4 * 1_055_072, plan.checkpointBytes(), "weights and two moments");
  }

  /** 1,055,072 parameters: by hand, and never four bytes where two are configured. */
  @Test
  void whatLastsOnADeviceIsCountedInTheConfiguredTypes() {
    long one = 1_055_072;
    RunConfig plain = with("rollout.workers=1", "eval.workers=0");
    assertEquals(
        Map.of("cpu", 4 * one + 4 * one + 8 * one + 2 * 4 * one),
        MemoryPlan.lasting(plain, shipped, PLAIN, false),
        "weights, gradients, moments; two versions of a worker");
    long head = 512 * 128; // a packed copy of the table of embeddings, which is the head as well
    assertEquals(
        4 * one + 4 * head,
        MemoryPlan.lasting(plain, shipped, PLAIN, true).get("cpu") - 24 * one,
        "reference");

    RunConfig small =
        with(
            "rollout.precision=bf16",
            "rollout.workers=3",
            "eval.workers=0",
            "rollout.devices=[cuda:0, cuda:1]");
    TrainingCore.Choice rounded = new TrainingCore.Choice(false, Precision.BF16, true);
    assertEquals(
        Map.of("cpu", (2 + 4 + 4 + 8) * one, "cuda:0", 2 * 2 * 2 * one, "cuda:1", 2 * 2 * one),
        MemoryPlan.lasting(small, shipped, rounded, false));
  }

  @Test
  void anEvaluatorIsCountedAsARolloutWorkerIsWhereItComputes() {
    long one = 1_055_072;
    RunConfig next =
        with("rollout.workers=1", "eval.workers=2", "rollout.devices=[cuda:0, cuda:1, cuda:2]");
    Map<String, Long> lasting = MemoryPlan.lasting(next, shipped, PLAIN, false);
    assertEquals(
        List.of(8 * one, 8 * one, 8 * one),
        List.of(lasting.get("cuda:0"), lasting.get("cuda:1"), lasting.get("cuda:2")));

    RunConfig own = with("eval.workers=1", "eval.devices=[cuda:3]");
    Load load = Load.of(own, shipped, 90, 96, 56 * 56);
    MemoryPlan plan = MemoryPlan.of(own, shipped, PLAIN, false, load);
    assertTrue(plan.byDevice().containsKey("cuda:3"), plan.byDevice()::toString);
    assertEquals(4 * plan.pushBytes(), plan.publishedBytes());
  }

  private static RunConfig with(String... settings) {
    ConfigReader reader = new ConfigReader();
    for (String setting : settings) {
      reader = reader.withAssignment("--set", setting);
    }
    return reader.read().config();
  }

  private long learner(TrainingCore.Choice choice, Load load) {
    return plan(choice, load).learner().bytes();
  }

  private MemoryPlan plan(TrainingCore.Choice choice, Load load) {
    return MemoryPlan.of(config, shipped, choice, false, load);
  }

  private static TrainingCore.Choice twice() {
    return new TrainingCore.Choice(false, Precision.F32, true);
  }

  private static TrainingCore.Choice lora() {
    return new TrainingCore.Choice(
        false,
        Precision.F32,
        false,
        Optional.of(new LoraSettings(4, 8, List.of(LoraTarget.values()), 0)),
        OptimizerSettings.DEFAULT);
  }

  private static String wide() throws IOException {
    return Files.readString(GOLDEN)
        .replaceFirst("\"hidden_size\": 64", "\"hidden_size\": 896")
        .replaceFirst("\"intermediate_size\": 112", "\"intermediate_size\": 4864")
        .replaceFirst("\"num_attention_heads\": 4", "\"num_attention_heads\": 14")
        .replaceFirst("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 24")
        .replaceFirst("\"vocab_size\": 1000", "\"vocab_size\": 32000")
        .replaceFirst("\"out_hidden_size\": 64", "\"out_hidden_size\": 896")
        .replaceFirst("\"mrope_section\": \\[[^]]*]", "\"mrope_section\": [8, 12, 12]");
  }
}
