package krites.app;

import static krites.app.SmallDirectories.renamed;
import static krites.app.SmallDirectories.replace;
import static krites.app.SmallDirectories.retyped;
import static krites.app.SmallDirectories.sharded;
import static krites.app.SmallDirectories.zeros;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import krites.model.safetensors.DType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each kind of damage to a model directory, as the command line tells it. */
final class DamagedModelTest {
  private static final String SECOND = "model-00002-of-00003.safetensors";
  private static final String WEIGHT = "model.layers.1.mlp.up_proj.weight";

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void place() {
    model = folder.resolve("model");
  }

  @Test
  void aWholeDirectoryIsTaken() throws IOException {
    sharded(model);
    assertEquals(ExitCode.OK, info().code());
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    sharded(model);
    Files.delete(model.resolve(SECOND));
    assertRefused(SECOND + ": file: expected the shard", "no such file", "copy the missing");
  }

  @Test
  void aTruncatedShardIsNamed() throws IOException {
    sharded(model);
    Path shard = model.resolve(SECOND);
    try (FileChannel channel = FileChannel.open(shard, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - 1);
    }
    assertRefused(SECOND + ": tensor ", "(file truncated?); copy the file again");
  }

  @Test
  void aShardCutInItsHeaderIsNamed() throws IOException {
    sharded(model);
    try (FileChannel channel = FileChannel.open(model.resolve(SECOND), StandardOpenOption.WRITE)) {
      channel.truncate(100);
    }
    assertRefused(SECOND + ": header length");
  }

  @Test
  void aTensorOfAnotherTypeIsNamed() throws IOException {
    sharded(model, retyped(WEIGHT, DType.F32));
    assertRefused("tensor " + WEIGHT, "expected dtype BF16, as config.json states, seen dtype F32");
  }

  @Test
  void normsAndBiasesMayAllBeFloat32() throws IOException {
    sharded(
        model,
        tensor ->
            tensor.shape().length == 1 ? zeros(tensor.name(), DType.F32, tensor.shape()) : tensor);
    assertEquals(ExitCode.OK, info().code());
  }

  @Test
  void oneNormInFloat32IsNamed() throws IOException {
    sharded(model, retyped("model.norm.weight", DType.F32));
    assertRefused("tensor model.norm.weight", "expected dtype BF16", "seen dtype F32");
  }

  @Test
  void withoutAStatedTypeMostTensorsDecide() throws IOException {
    sharded(model, retyped(WEIGHT, DType.F32));
    replace(model.resolve("config.json"), "\"torch_dtype\" : \"bfloat16\",\n", "");
    assertRefused("tensor " + WEIGHT, "expected dtype BF16, as most of the others");
  }

  @Test
  void wholeNumbersAreNoWeights() throws IOException {
    sharded(model, retyped(WEIGHT, DType.I8));
    assertRefused("tensor " + WEIGHT, "seen dtype I8", "quantized");
  }

  @Test
  void aTypeThatIsNotTheStatedOneIsToldForAll() throws IOException {
    sharded(model);
    replace(model.resolve("config.json"), "bfloat16", "float32");
    assertRefused("expected dtype F32", "others; let torch_dtype in config.json say");
  }

  @Test
  void aRenamedKeyIsNamedWithWhatIsLikeIt() throws IOException {
    sharded(
        model, renamed(name -> name.equals(WEIGHT) ? "model.layers.1.mlp.pu_proj.weight" : name));
    assertRefused(
        "tensor " + WEIGHT + ": expected to be present",
        "1 of 68 weights are missing",
        "most like it is model.layers.1.mlp.pu_proj.weight");
  }

  @Test
  void aWeightThatTheNetworkLacksIsRefused() throws IOException {
    sharded(model);
    replace(model.resolve("config.json"), "\"num_hidden_layers\" : 3", "\"num_hidden_layers\" : 2");
    assertRefused("12 more that it does not have: model.layers.2.", "another architecture");
  }

  @Test
  void aWrongShapeIsNamed() throws IOException {
    sharded(
        model,
        tensor -> tensor.name().equals(WEIGHT) ? zeros(WEIGHT, DType.BF16, 320, 64) : tensor);
    assertRefused("tensor " + WEIGHT, "shape [320, 128] from config.json, seen shape [320, 64]");
  }

  @Test
  void anotherArchitectureIsNamed() throws IOException {
    sharded(model);
    replace(model.resolve("config.json"), "\"qwen2_5_vl\"", "\"qwen3_vl\"");
    assertRefused("config.json: model_type is 'qwen3_vl', expected 'qwen2_5_vl'");
  }

  @Test
  void anotherModelClassIsNamed() throws IOException {
    sharded(model);
    replace(model.resolve("config.json"), "Qwen2_5_VLForCond", "Qwen2_5_VLForSeqClass");
    assertRefused("config.json: architectures is [\"Qwen2_5_VLForSeqClass");
  }

  @Test
  void noWeightsAtAllIsSaid() throws IOException {
    SmallDirectories.describe(model);
    assertRefused("expected model.safetensors or model.safetensors.index.json");
  }

  @Test
  void namesOfNewerWritersAndOldBuffersAreTaken() throws IOException {
    sharded(
        model,
        renamed(
            name ->
                name.startsWith("model.")
                    ? "model.language_model." + name.substring("model.".length())
                    : "model." + name));
    assertEquals(ExitCode.OK, info().code(), info().err());
  }

  @Test
  void everyVerbThatTakesAModelRefusesIt() throws IOException {
    sharded(model);
    Files.delete(model.resolve(SECOND));
    for (String[] verb :
        List.of(
            new String[] {
              "train", "--run-dir", folder.resolve("run").toString(), "--set", "model.path=" + model
            },
            new String[] {"eval", model.toString()},
            new String[] {
              "model", "export", model.toString(), "--out", folder.resolve("o").toString()
            },
            new String[] {"bench", "load", "--model", model.toString()})) {
      Answer answer = krites(verb);
      assertEquals(ExitCode.INPUT, answer.code(), answer.err());
      assertTrue(answer.err().contains(SECOND), answer.err());
    }
    assertFalse(Files.exists(folder.resolve("o")));
    assertFalse(Files.exists(folder.resolve("run")));
  }

  private void assertRefused(String... parts) {
    Answer answer = info();
    assertEquals(ExitCode.INPUT, answer.code(), answer.err());
    assertEquals(1, answer.err().lines().count(), answer.err());
    assertTrue(answer.err().startsWith("krites: " + model), answer.err());
    for (String part : parts) {
      assertTrue(answer.err().contains(part), part + " in " + answer.err());
    }
  }

  private record Answer(int code, String err) {}

  private Answer info() {
    return krites("model", "info", model.toString());
  }

  private static Answer krites(String... line) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            Main.Verbs.real(),
            new PrintStream(new ByteArrayOutputStream(), true),
            new PrintStream(err, true),
            line);
    return new Answer(code, err.toString(StandardCharsets.UTF_8).strip());
  }
}
