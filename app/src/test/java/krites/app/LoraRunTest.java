package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.weights.WeightStore;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that trains adapters with 8-bit moments: stopped, resumed, replayed and merged. */
final class LoraRunTest {
  private static final List<String> SMALL =
      SmallRuns.with("learner.lora.rank=64", "learner.optimizer=adamw-8bit");

  @TempDir static Path folder;
  private static Path run;

  private final RealVerbs verbs = new RealVerbs();

  @BeforeAll
  static void train() {
    run = folder.resolve("run");
    RealVerbs verbs = new RealVerbs();
    List<String> first = new ArrayList<>(List.of("train", "--steps", "2"));
    first.addAll(List.of("--run-dir", run.toString()));
    first.addAll(SMALL);
    assertEquals(ExitCode.OK, verbs.run(first.toArray(String[]::new)), verbs.both());
    int code = verbs.run("train", "--resume", run.toString(), "--steps", "3");
    assertEquals(ExitCode.OK, code, verbs.both());
  }

  @Test
  void theResumedRunIsReplayedBitForBit() throws IOException {
    Path again = folder.resolve("again");
    assertEquals(
        ExitCode.OK, verbs.run("replay", run.toString(), "--out", again.toString()), verbs.both());
    assertTrue(verbs.out().contains("3 steps replayed, all identical\n"), verbs.out());
    for (String file : List.of("adapter_model.safetensors", "optimizer.safetensors")) {
      Path last = run.resolve("checkpoints/step-3").resolve(file);
      assertEquals(-1, Files.mismatch(last, again.resolve(file)), file);
    }
  }

  @Test
  void theMergedModelHasTheBitsThatWerePublishedLast() throws Exception {
    Path model = folder.resolve("model");
    Path checkpoint = run.resolve("checkpoints/step-3");
    assertFalse(Files.exists(checkpoint.resolve("model.safetensors")));
    int code =
        verbs.run("model", "export", run.toString(), "--out", model.toString(), "--dtype", "f32");
    assertEquals(ExitCode.OK, code, verbs.both());

    String digest;
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        NetworkWeights merged = NetworkWeights.load(model, Qwen25VlConfig.load(model), manager)) {
      digest =
          new WeightStore(folder.resolve("store"), Precision.F32).publish("v0", merged).sha256();
    }
    assertTrue(
        Files.readString(run.resolve("events.jsonl")).contains(digest),
        "the journal tells " + digest);
    ModelFolder.of(
        new krites.app.config.RunConfig.Model(model.toString(), false, 0, 0)); // it is complete
  }

  @Test
  void peftFindsItsConfigurationInTheCheckpoint() throws IOException {
    Path file = run.resolve("checkpoints/step-3/adapter_config.json");
    JsonNode config = new ObjectMapper().readTree(Files.readString(file));
    assertEquals("LORA", config.get("peft_type").asText());
    assertEquals(64, config.get("r").asInt());
    assertEquals(16, config.get("lora_alpha").asInt());
    assertTrue(config.get("base_model_name_or_path").asText().endsWith("shapes-base"));
  }

  @Test
  void anotherKindOfTrainingIsRefusedWhenTheRunGoesOn() {
    assertEquals(
        ExitCode.INPUT,
        verbs.run(
            "train", "--resume", run.toString(), "--steps", "9", "--set", "learner.lora.rank=0"));
    assertTrue(verbs.err().contains("learner.lora.rank: expected 64 as in the run"), verbs.err());
    assertEquals(
        ExitCode.INPUT,
        verbs.run(
            "train",
            "--resume",
            run.toString(),
            "--steps",
            "9",
            "--set",
            "learner.optimizer=adamw"));
    assertTrue(verbs.err().contains("learner.optimizer: expected adamw-8bit as in"), verbs.err());
  }

  @Test
  void aWrongTargetIsRefusedNamingTheAllowedOnes() {
    assertEquals(
        ExitCode.INPUT, verbs.run("train", "--set", "learner.lora.target-modules=[q_proj, query]"));
    assertTrue(
        verbs
            .err()
            .contains(
                "expected some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj,"
                    + " found query"),
        verbs.err());
  }

  @Test
  void anotherBaseAndADirectoryWithoutWeightsAreRefused() throws IOException {
    Path checkpoint = run.resolve("checkpoints/step-3");
    assertEquals(ExitCode.INPUT, verbs.run("eval", checkpoint.toString()), verbs.both());
    assertTrue(verbs.err().contains("holds adapters, not a model"), verbs.err());

    Path other = Files.createDirectory(folder.resolve("other"));
    try (var files = Files.list(Path.of("..").resolve(ModelFolder.SHIPPED))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, other.resolve(file.getFileName()));
      }
    }
    Files.writeString(other.resolve("note.json"), "{}");
    String result = folder.resolve("none").toString();
    assertEquals(
        ExitCode.INPUT,
        verbs.run(
            "model", "export", checkpoint.toString(), "--out", result, "--like", other.toString()));
    assertTrue(verbs.err().contains("expected the base of " + checkpoint), verbs.err());
  }
}
