package krites.app;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import krites.model.lora.LoraAdapters;
import krites.model.lora.LoraFiles;
import krites.model.lora.MergedWeights;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.DType;
import krites.model.safetensors.LoadProgress;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.torchscript.TorchRuntime;

/** The model directory that saved adapters stand beside. */
final class AdapterBase {
  private AdapterBase() {}

  /**
   * Refuses a base that is not the one which the adapters of a directory were trained beside.
   *
   * @throws InputError saying both
   */
  static void require(Path adapters, LoraFiles.Base base) {
    LoraFiles.Base expected = LoraFiles.base(adapters);
    if (!expected.digest().equals(base.digest())) {
      throw new InputError(
          base.path()
              + ": expected the base of "
              + adapters
              + ", "
              + expected.digest()
              + ", found "
              + base.digest());
    }
  }

  /**
   * Writes the base with the adapters added into it, in the layout of the base. The base stays in
   * its mapped files and is merged tensor by tensor.
   *
   * @param folder exists and has no weights
   * @param dtype of all weights; empty for those of the base
   */
  static void merge(
      Path adapters, ModelFolder base, Path folder, Optional<DType> dtype, LoadProgress progress)
      throws IOException {
    TorchRuntime.prepareThread(1, false);
    Qwen25VlConfig config = Qwen25VlConfig.load(base.path());
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        SafetensorsCheckpoint like = SafetensorsCheckpoint.open(base.path());
        LoraAdapters trained =
            LoraAdapters.load(adapters, config, LoraFiles.settings(adapters), manager);
        NetworkWeights weights =
            NetworkWeights.map(base.path(), config, precision(like), manager)) {
      new MergedWeights(weights, trained).saveLike(folder, like, dtype, progress);
    }
  }

  /** The type that loses nothing of a checkpoint. */
  private static Precision precision(SafetensorsCheckpoint checkpoint) {
    boolean half =
        checkpoint.names().stream().allMatch(name -> checkpoint.entry(name).dtype() == DType.BF16);
    return half ? Precision.BF16 : Precision.F32;
  }
}
