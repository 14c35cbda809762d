package krites.model.qwen25vl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import krites.model.image.ImageDecoder;
import krites.model.image.ImageProcessor;
import krites.model.image.PatchGrid;
import krites.model.image.ProcessedImage;
import krites.model.safetensors.DType;
import krites.model.safetensors.SafetensorsFile;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The network against the numbers of Hugging Face transformers; see the README of the golden data.
 */
class NetworkScriptTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path MODEL = GOLDEN.resolve("models/a");

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
  private NDManager manager;
  private NetworkWeights weights;

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    weights = NetworkWeights.load(MODEL, config, manager);
  }

  @AfterEach
  void stop() {
    manager.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "PACKED"})
  void imageEmbeddingsAndLogitsEqualTheReference(Kernels kernels) throws IOException {
    ProcessedImage image = image("a_one_image_0_131x90.png");
    try (SafetensorsFile golden =
            SafetensorsFile.open(GOLDEN.resolve("cases/a/one_image.safetensors"));
        ScriptModule script = ScriptModule.load(manager, NetworkScript.methods(config, kernels))) {
      NDList w =
          kernels.packed()
              ? PackedWeights.replacing(weights, config, script, manager).tensors()
              : weights.tensors();
      List<Object> vision = new ArrayList<>(VisionInputs.of(List.of(image), config, manager));
      vision.add(w);
      NDArray embeddings = script.call(manager, "vision", vision.toArray()).get(0);
      assertArrayEquals(golden.floats("vision_embeds"), embeddings.toFloatArray(), 5e-5f);

      long[] ids = golden.longs("input_ids");
      Shape row = new Shape(1, ids.length);
      long[] imageAt =
          LongStream.range(0, ids.length)
              .filter(i -> ids[(int) i] == config.imageToken())
              .toArray();
      NDArray x =
          script
              .call(
                  manager,
                  "embed",
                  manager.create(ids, row),
                  manager.create(imageAt),
                  embeddings,
                  w)
              .get(0);
      NDArray none = manager.zeros(row, DataType.INT32);
      NDArray mask = script.call(manager, "packed_mask", none, none).get(0);
      NDArray positions = manager.create(golden.longs("position_ids"), new Shape(3, 1, ids.length));
      NDArray hidden = script.call(manager, "decoder", x, positions, mask, false, w).get(0);
      NDArray logits = script.call(manager, "head", hidden, w).get(0);
      assertArrayEquals(golden.floats("logits"), logits.toFloatArray(), 1e-4f);
    }
  }

  @Test
  void positionsOfTextAndNeighbouringImagesEqualTheReference() throws IOException {
    List<PatchGrid> grids =
        List.of(
            image("a_batch_left_pad_1_60x100.png").grid(),
            image("a_batch_left_pad_2_140x45.png").grid());
    try (SafetensorsFile golden =
        SafetensorsFile.open(GOLDEN.resolve("cases/a/batch_left_pad.safetensors"))) {
      int rows = 3;
      int last = rows - 1;
      int width = (int) golden.entry("input_ids").shape()[1];
      long[] ids = Arrays.copyOfRange(golden.longs("input_ids"), last * width, rows * width);
      long[] mask = Arrays.copyOfRange(golden.longs("attention_mask"), last * width, rows * width);
      int pad = (int) Arrays.stream(mask).filter(real -> real == 0).count();
      int[] tokens = Arrays.stream(ids).skip(pad).mapToInt(id -> (int) id).toArray();
      MultimodalPositions ours = MultimodalPositions.of(tokens, grids, config);
      long[] expected = golden.longs("position_ids");
      for (int axis = 0; axis < 3; axis++) {
        for (int i = 0; i < tokens.length; i++) {
          assertEquals(
              expected[(axis * rows + last) * width + pad + i],
              ours.axes()[axis][i],
              axis + " " + i);
        }
      }
      assertEquals(golden.longs("rope_deltas")[last], ours.next() - width);
    }
  }

  @Test
  void imageTokensThatDoNotMatchTheGridsAreRefused() {
    int image = config.imageToken();
    PatchGrid grid = new PatchGrid(1, 4, 4);
    assertThrows(
        IllegalArgumentException.class,
        () -> MultimodalPositions.of(new int[] {1, image, image, image, 2}, List.of(grid), config));
    assertThrows(
        IllegalArgumentException.class,
        () -> MultimodalPositions.of(new int[] {1, 2}, List.of(grid), config));
    assertThrows(
        IllegalArgumentException.class,
        () -> MultimodalPositions.of(new int[] {1, image}, List.of(), config));
  }

  @Test
  void savedWeightsComeBackUnchanged(@TempDir Path folder) throws IOException {
    weights.save(folder, DType.F32);
    try (NetworkWeights again = NetworkWeights.load(folder, config, manager)) {
      assertTrue(weights.sameValues(again));
    }
  }

  private static ProcessedImage image(String name) throws IOException {
    byte[] file = Files.readAllBytes(GOLDEN.resolve("images").resolve(name));
    return ImageProcessor.load(MODEL).process(ImageDecoder.decode(file, name));
  }
}
