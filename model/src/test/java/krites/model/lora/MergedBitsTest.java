package krites.model.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsFile;
import krites.model.safetensors.SafetensorsWriter;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import krites.model.weights.WeightStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights merged block by block are, to the bit, those that are merged tensor by tensor. */
class MergedBitsTest {
  private static final Path MODEL = Path.of("src", "test", "resources", "golden", "models", "a");

  /** The rule as the first release had it. */
  private static final String WHOLE =
      """
      def merge(self, w: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
        return torch.detach(torch.add(torch.to(w, 6), torch.mul(torch.matmul(b, a), scale)))
      """
          .indent(2);

  @TempDir Path folder;

  @Test
  void blocksGiveTheBitsOfWholeTensors() throws IOException {
    Files.writeString(folder.resolve("config.json"), wide());
    Qwen25VlConfig config = Qwen25VlConfig.load(folder);
    TorchRuntime.prepareThread(1, false);
    for (long seed = 0; seed < 2; seed++) {
      int rank = seed == 0 ? 1 : 16;
      try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
          NetworkWeights full = NetworkWeights.random(config, seed, manager);
          ScriptModule rule = ScriptModule.load(manager, List.of(WHOLE));
          LoraAdapters adapters = adapters(config, rank, seed, manager)) {
        for (Precision held : Precision.values()) {
          NetworkWeights base = full.in(held, manager);
          for (Precision published : Precision.values()) {
            String what = "seed " + seed + ": " + held + " as " + published;
            Path whole = folder.resolve(what);
            WeightStore store = new WeightStore(folder.resolve("store " + what), published);
            SafetensorsWriter.write(
                whole, whole(base, adapters, rule, published.file()), SafetensorsWriter.PYTORCH);
            store.publish("v1", new MergedWeights(base, adapters));
            Path blocks = folder.resolve("store " + what).resolve("v1/model.safetensors");
            assertSameTensors(whole, blocks, what);
            assertEquals(-1, Files.mismatch(whole, blocks), what);
          }
        }
      }
    }
  }

  /** More than one block, an even division and a rest. */
  @Test
  void theShapesOfTheComparisonHaveSeveralBlocks() {
    assertEquals(2048, MergedWeights.blockRows(2816, 512), "two blocks, the second shorter");
    assertEquals(320, MergedWeights.blockRows(512, 2816), "two blocks");
    assertEquals(64, MergedWeights.blockRows(64, 64), "one");
  }

  @Test
  void noBlockEndsInAPartOfAStripWhereTheTensorDoesNot() {
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      long out = 1 + random.nextInt(i % 2 == 0 ? 300 : 30_000);
      long in = 1 + random.nextInt(i % 3 == 0 ? 200 : 40_000);
      long rows = MergedWeights.blockRows(out, in);
      String what = out + " x " + in + " in blocks of " + rows;
      assertTrue(rows == out || rows % 64 == 0 && rows < out, what);
      assertTrue(rows == out || out % rows == 0 || out % rows >= 64, what);
    }
    assertEquals(193, MergedWeights.blockRows(193, 40_000), "64 + 64 + 65, or 128 + 65: no way");
  }

  private static void assertSameTensors(Path expected, Path found, String what) {
    try (SafetensorsFile one = SafetensorsFile.open(expected);
        SafetensorsFile other = SafetensorsFile.open(found)) {
      for (String name : one.names()) {
        long at =
            MemorySegment.mismatch(
                one.bytes(name),
                0,
                one.bytes(name).byteSize(),
                other.bytes(name),
                0,
                other.bytes(name).byteSize());
        assertEquals(-1, at, what + ": " + name);
      }
    }
  }

  private static List<OutgoingTensor> whole(
      NetworkWeights base, LoraAdapters adapters, ScriptModule rule, DType dtype) {
    List<OutgoingTensor> all = new ArrayList<>();
    List<String> adapted =
        adapters.layout().adapters().stream().map(LoraLayout.Adapter::weight).toList();
    for (int i = 0; i < base.tensors().size(); i++) {
      NDArray weight = base.tensors().get(i);
      int place = adapted.indexOf(base.layout().names().get(i));
      all.add(
          OutgoingTensor.floats(
              base.layout().names().get(i),
              dtype,
              weight.getShape().getShape(),
              () -> place < 0 ? floats(weight) : merged(weight, adapters, rule, place)));
    }
    return all;
  }

  private static float[] merged(
      NDArray weight, LoraAdapters adapters, ScriptModule rule, int place) {
    try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      double scale = adapters.layout().settings().scale();
      return rule.call(scope, "merge", weight, adapters.a(place), adapters.b(place), scale)
          .get(0)
          .toFloatArray();
    }
  }

  private static float[] floats(NDArray tensor) {
    try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      return RawTensors.cast(tensor, RawTensors.FLOAT32, scope).toFloatArray();
    }
  }

  private static LoraAdapters adapters(
      Qwen25VlConfig config, int rank, long seed, NDManager manager) {
    LoraSettings settings =
        new LoraSettings(rank, 5.3, List.of(LoraTarget.values()), seed); // no power of two
    LoraAdapters adapters = LoraAdapters.fresh(config, settings, manager);
    Random random = new Random(seed);
    for (int i = 0; i < adapters.layout().adapters().size(); i++) {
      Shape shape = adapters.b(i).getShape();
      float[] values = new float[(int) shape.size()];
      for (int j = 0; j < values.length; j++) {
        values[j] = (float) (0.05 * random.nextGaussian());
      }
      adapters.b(i).set(values);
    }
    return adapters;
  }

  private static String wide() throws IOException {
    return Files.readString(MODEL.resolve("config.json"))
        .replaceFirst("\"hidden_size\": 64", "\"hidden_size\": 512")
        .replaceFirst("\"intermediate_size\": 112", "\"intermediate_size\": 2816")
        .replaceFirst("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")
        .replaceFirst("\"out_hidden_size\": 64", "\"out_hidden_size\": 512")
        .replaceFirst("\"mrope_section\": \\[[^]]*]", "\"mrope_section\": [16, 24, 24]");
  }
}
