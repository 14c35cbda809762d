package krites.model.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.DType;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters of the small golden model: their text, their files, and weights with them merged in. */
class LoraTest {
  private static final Path MODEL = Path.of("src", "test", "resources", "golden", "models", "a");
  private static final List<LoraTarget> ALL = List.of(LoraTarget.values());
  private static final LoraFiles.Base BASE = new LoraFiles.Base("models/a", "of 7 bytes");

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);

  @TempDir Path folder;

  /** Each projection stands once in the text, in the two methods that all passes share. */
  @Test
  void everyProjectionOfTheDecoderGetsItsAdapterWhereverItIsApplied() {
    String text = LoraScript.methods(config, settings(4, ALL)).get(2);
    assertEquals(7, count(text, "self.adapted("));
    for (LoraTarget target : ALL) {
      String one = LoraScript.methods(config, settings(4, List.of(target))).get(2);
      assertEquals(1, count(one, "self.adapted("), target.module());
    }
  }

  @Test
  void theVisionTowerIsLeftAlone() {
    assertFalse(LoraScript.methods(config, settings(4, ALL)).get(1).contains("adapted"));
    Pattern pattern = Pattern.compile(LoraFiles.pattern(ALL));
    assertTrue(pattern.matcher("model.layers.3.self_attn.q_proj").matches());
    assertTrue(pattern.matcher("model.language_model.layers.35.mlp.down_proj").matches());
    assertFalse(pattern.matcher("visual.blocks.3.mlp.down_proj").matches(), "of the same name");
    assertFalse(
        Pattern.compile(LoraFiles.pattern(List.of(LoraTarget.Q_PROJ)))
            .matcher("model.layers.3.self_attn.k_proj")
            .matches());
  }

  @Test
  void freshAdaptersChangeNothingAndComeFromTheirSeed() {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      LoraAdapters one = LoraAdapters.fresh(config, settings(4, ALL), manager);
      LoraAdapters same = LoraAdapters.fresh(config, settings(4, ALL), manager);
      LoraAdapters other = LoraAdapters.fresh(config, new LoraSettings(4, 16, ALL, 8), manager);
      assertEquals(2 * ALL.size() * config.layers(), one.tensors().size());
      float largest = 0;
      for (int i = 0; i < one.layout().adapters().size(); i++) {
        double bound = 1 / Math.sqrt(one.layout().adapters().get(i).in());
        for (float value : one.a(i).toFloatArray()) {
          assertTrue(Math.abs(value) <= bound);
          largest = Math.max(largest, (float) (Math.abs(value) / bound));
        }
        assertEquals(0, one.b(i).abs().sum().getFloat());
        assertTrue(Arrays.equals(one.a(i).toFloatArray(), same.a(i).toFloatArray()));
        assertFalse(Arrays.equals(one.a(i).toFloatArray(), other.a(i).toFloatArray()));
      }
      assertTrue(largest > 0.99, "A fills its range, up to " + largest);
    }
  }

  @Test
  void filesAreNamedAndShapedAsPeftHasThem() throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      LoraAdapters written = written(manager, settings(4, ALL));
      try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(LoraFiles.WEIGHTS))) {
        String module = "base_model.model.model.layers.1.mlp.down_proj";
        long[] a = file.entry(module + ".lora_A.weight").shape();
        long[] b = file.entry(module + ".lora_B.weight").shape();
        assertEquals(List.of(4L, (long) config.intermediate()), List.of(a[0], a[1]));
        assertEquals(List.of((long) config.hidden(), 4L), List.of(b[0], b[1]));
        assertEquals(written.tensors().size(), file.names().size());
        long values = file.names().stream().mapToLong(name -> file.entry(name).elements()).sum();
        assertEquals(written.layout().parameters(), values);
      }
      assertEquals(BASE, LoraFiles.base(folder));
      assertEquals(new LoraSettings(4, 16, ALL, 0), LoraFiles.settings(folder));
      LoraAdapters read = LoraAdapters.load(folder, config, settings(4, ALL), manager);
      for (int i = 0; i < read.tensors().size(); i++) {
        assertEquals(written.tensors().get(i), read.tensors().get(i));
      }
    }
  }

  @Test
  void aListOfNamesAsPeftWritesItIsUnderstood() throws IOException {
    Files.writeString(
        folder.resolve(LoraFiles.CONFIG),
        "{\"r\": 8, \"lora_alpha\": 12.5, \"target_modules\": [\"v_proj\", \"q_proj\"]}");
    assertEquals(
        new LoraSettings(8, 12.5, List.of(LoraTarget.Q_PROJ, LoraTarget.V_PROJ), 0),
        LoraFiles.settings(folder));
  }

  @Test
  void adaptersOfOtherSettingsAreRefused() throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      written(manager, settings(4, ALL));
      CheckpointException refused =
          assertThrows(
              CheckpointException.class,
              () -> LoraAdapters.load(folder, config, settings(8, ALL), manager));
      assertTrue(
          refused.getMessage().contains("expected rank 8, alpha 16.0"), refused.getMessage());
      assertTrue(refused.getMessage().contains("found rank 4, alpha 16.0"), refused.getMessage());
    }
  }

  /** By hand: one weight, in double, and all others untouched. */
  @Test
  void mergedWeightsAreTheBasePlusTheScaledProduct() throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        NetworkWeights base = NetworkWeights.load(MODEL, config, manager)) {
      LoraSettings settings = settings(4, List.of(LoraTarget.K_PROJ));
      LoraAdapters adapters = LoraAdapters.fresh(config, settings, manager);
      for (int i = 0; i < adapters.layout().adapters().size(); i++) {
        float[] b = new float[(int) adapters.b(i).getShape().size()];
        for (int j = 0; j < b.length; j++) {
          b[j] = (float) Math.sin(j + 1);
        }
        adapters.b(i).set(b);
      }
      new MergedWeights(base, adapters).save(folder, DType.F32);
      try (SafetensorsCheckpoint merged = SafetensorsCheckpoint.open(folder);
          SafetensorsCheckpoint before = SafetensorsCheckpoint.open(MODEL)) {
        int at = 0;
        for (String name : base.layout().names()) {
          float[] found = merged.floats(name);
          if (!name.endsWith("k_proj.weight")) {
            assertTrue(Arrays.equals(before.floats(name), found), name);
            continue;
          }
          float[] expected = product(adapters, at++, before.floats(name));
          for (int i = 0; i < found.length; i++) {
            assertEquals(expected[i], found[i], 1e-5f, name + " at " + i);
          }
        }
        assertEquals(config.layers(), at);
      }
    }
  }

  private static float[] product(LoraAdapters adapters, int at, float[] weight) {
    float[] a = adapters.a(at).toFloatArray();
    float[] b = adapters.b(at).toFloatArray();
    LoraLayout.Adapter adapter = adapters.layout().adapters().get(at);
    int in = (int) adapter.in();
    int rank = (int) adapter.rank();
    float[] sum = new float[weight.length];
    for (int i = 0; i < sum.length; i++) {
      double inner = 0;
      for (int r = 0; r < rank; r++) {
        inner += (double) b[i / in * rank + r] * a[r * in + i % in];
      }
      sum[i] = (float) (weight[i] + 16.0 / 4 * inner);
    }
    return sum;
  }

  private LoraAdapters written(NDManager manager, LoraSettings settings) throws IOException {
    LoraAdapters adapters = LoraAdapters.fresh(config, settings, manager);
    LoraFiles.write(folder, adapters, BASE);
    return adapters;
  }

  private static LoraSettings settings(int rank, List<LoraTarget> targets) {
    return new LoraSettings(rank, 16, targets, 7);
  }

  private static int count(String text, String part) {
    return (text.length() - text.replace(part, "").length()) / part.length();
  }
}
