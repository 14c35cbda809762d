package krites.model.qwen25vl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import krites.model.safetensors.DType;
import krites.model.safetensors.OutgoingTensor;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsWriter;
import krites.model.torchscript.RawTensors;
import krites.model.weights.WeightStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrecisionTest {
  private static final Path MODEL = Path.of("../models/shapes-base");

  @Test
  void bfloat16WeightsGoToTheDeviceAndBackWithoutAChange(@TempDir Path folder) throws IOException {
    Files.copy(MODEL.resolve("config.json"), folder.resolve("config.json"));
    Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        NetworkWeights rounded = NetworkWeights.load(MODEL, config, Precision.BF16, manager)) {
      assertEquals(
          2 * rounded.layout().size(rounded.layout().names().get(0)),
          RawTensors.memory(rounded.tensors().get(0)).byteSize());
      rounded.save(folder, DType.BF16);
      try (NetworkWeights again = NetworkWeights.load(folder, config, Precision.BF16, manager)) {
        assertTrue(again.sameValues(rounded));
      }
    }
  }

  @Test
  void publishedInBfloat16IsHalfTheBytesAndWhatAReaderWouldRoundTo(@TempDir Path folder)
      throws IOException {
    Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        NetworkWeights full = NetworkWeights.load(MODEL, config, manager);
        NetworkWeights rounded = NetworkWeights.load(MODEL, config, Precision.BF16, manager)) {
      WeightStore store = new WeightStore(folder, Precision.BF16);
      WeightStore.Published fromFull = store.publish("v1", full);
      WeightStore.Published fromRounded = store.publish("v2", rounded);
      assertEquals(fromFull.sha256(), fromRounded.sha256());
      long values = full.layout().parameters();
      long bytes = Files.size(folder.resolve("v1").resolve(SafetensorsCheckpoint.SINGLE_FILE));
      assertTrue(bytes >= 2 * values && bytes < 2.1 * values, bytes + " for " + values);
      try (NetworkWeights read = store.load("v1", full.layout(), Precision.BF16, manager)) {
        assertTrue(read.sameValues(rounded));
      }
    }
  }

  /** What a device other than the CPU sends over part by part. */
  @Test
  void aTensorThatComesOverInPartsIsTheOneThatLiesHere(@TempDir Path folder) throws IOException {
    Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      for (Precision held : Precision.values()) {
        NetworkWeights weights = NetworkWeights.load(MODEL, config, held, manager);
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
          List<OutgoingTensor> fetched = new ArrayList<>();
          for (String name : weights.layout().names()) {
            NDArray tensor = weights.tensors().get(fetched.size());
            fetched.add(NetworkWeights.fetched(name, tensor, weights.layout().shape(name), dtype));
          }
          Path here = folder.resolve("here");
          Path there = folder.resolve("there");
          SafetensorsWriter.write(here, weights.outgoing(dtype), SafetensorsWriter.PYTORCH);
          SafetensorsWriter.write(there, fetched, SafetensorsWriter.PYTORCH);
          assertEquals(-1, Files.mismatch(here, there), held + " as " + dtype);
        }
      }
    }
  }
}
