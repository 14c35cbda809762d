package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Measures what a forward and backward pass holds at most, in one way of computing for each
 * process, on Linux. It takes up to 9 GB, so it runs only where the property names a way: {@code
 * -Dkrites.memory=f32}, {@code f32-twice}, {@code bf16} or {@code bf16-twice}.
 */
@EnabledIfSystemProperty(named = "krites.memory", matches = ".+")
class PassMemoryTest {
  private static final Path SMALL =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a", "config.json");
  private static final int ROWS = 4;
  private static final int PROMPT = 64;
  private static final int RESPONSE = 129; // its last token is not fed: 192 tokens a row

  @Test
  void aPassOf768TokensThrough387MillionParameters(@TempDir Path folder) throws IOException {
    String way = System.getProperty("krites.memory");
    TrainingCore.Choice choice =
        new TrainingCore.Choice(
            false, way.startsWith("bf16") ? Precision.BF16 : Precision.F32, way.endsWith("-twice"));
    Files.writeString(folder.resolve("config.json"), config());
    Qwen25VlConfig config = Qwen25VlConfig.load(folder);
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        TrainingCore core =
            new TrainingCore(config, NetworkWeights.random(config, 1, manager), choice, manager)) {
      // Gradients are allocated by the first pass; what counts is on top of them.
      supervised(core, 1, manager);
      trim();
      long before = kilobytes("VmRSS:");
      Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // the peak begins anew
      long start = System.nanoTime();
      double loss = supervised(core, ROWS, manager);
      double seconds = (System.nanoTime() - start) * 1e-9;
      System.out.printf(
          "%s: %,d parameters, loss %.4f, %.1f s; before %,d MB, peak %,d MB, the pass %,d MB%n",
          way,
          core.weights().layout().parameters(),
          loss,
          seconds,
          before / 1000,
          kilobytes("VmHWM:") / 1000,
          (kilobytes("VmHWM:") - before) / 1000);
      assertEquals(Math.log(config.vocabulary()), loss, 1.5, "a fresh network knows nothing");
    }
  }

  private static double supervised(TrainingCore core, int rows, NDManager manager) {
    SplittableRandom random = new SplittableRandom(7);
    List<PackedRows.Sequence> sequences = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      sequences.add(
          new PackedRows.Sequence(
              random.ints(PROMPT, 0, 900).toArray(),
              List.of(),
              List.of(random.ints(RESPONSE, 0, 900).toArray())));
    }
    try (NDManager scope = manager.newSubManager()) {
      PackedRows packed = PackedRows.of(sequences, core.config(), scope);
      float[] weights = new float[packed.targets()];
      java.util.Arrays.fill(weights, 1f / weights.length);
      return core.supervised(packed, weights);
    }
  }

  /** The decoder of the engine's measurements: 896 wide, 24 layers, a vocabulary of 32,000. */
  private static String config() throws IOException {
    return Files.readString(SMALL)
        .replaceFirst("\"hidden_size\": 64", "\"hidden_size\": 896")
        .replaceFirst("\"intermediate_size\": 112", "\"intermediate_size\": 4864")
        .replaceFirst("\"num_attention_heads\": 4", "\"num_attention_heads\": 14")
        .replaceFirst("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 24")
        .replaceFirst("\"vocab_size\": 1000", "\"vocab_size\": 32000")
        .replaceFirst("\"out_hidden_size\": 64", "\"out_hidden_size\": 896")
        .replaceFirst("\"mrope_section\": \\[[^]]*]", "\"mrope_section\": [8, 12, 12]");
  }

  /** Gives what is free in the native heap back, so that it does not count as held. */
  private static void trim() {
    Linker linker = Linker.nativeLinker();
    try {
      int _ =
          (int)
              linker
                  .downcallHandle(
                      linker.defaultLookup().find("malloc_trim").orElseThrow(),
                      FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG))
                  .invokeExact(0L);
    } catch (Throwable e) {
      throw new IllegalStateException("malloc_trim", e);
    }
  }

  private static long kilobytes(String field) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(field))
        .map(line -> line.replaceAll("\\D", ""))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElseThrow();
  }
}
