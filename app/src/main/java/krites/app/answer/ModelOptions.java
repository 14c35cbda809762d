package krites.app.answer;

import ai.djl.Device;
import java.nio.file.Path;
import krites.app.DeviceOptions;
import krites.app.InputError;
import krites.model.qwen25vl.Precision;
import krites.model.safetensors.DType;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.TensorEntry;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How and where a model is computed. */
public final class ModelOptions {
  @Option(
      names = "--precision",
      paramLabel = "auto|f32|bf16",
      description =
          "Number type of weights and layers. auto: bf16 where most of the weights are stored in"
              + " bf16, else f32. Default: auto.")
  private Choice precision = Choice.AUTO;

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Native threads. Default: all processors.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      description =
          "Shrinks larger images to this area before the model's own processor sees them; 784 pixels"
              + " make one token. Default: only the limits of preprocessor_config.json.")
  private long maxPixels;

  private enum Choice {
    AUTO,
    F32,
    BF16
  }

  /**
   * The number type for a model directory.
   *
   * @throws krites.model.safetensors.CheckpointException if its weights cannot be looked at
   */
  Precision precision(Path directory) {
    return switch (precision) {
      case F32 -> Precision.F32;
      case BF16 -> Precision.BF16;
      case AUTO -> stored(directory);
    };
  }

  private static Precision stored(Path directory) {
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(directory)) {
      long half = 0;
      long all = 0;
      for (String name : checkpoint.names()) {
        TensorEntry entry = checkpoint.entry(name);
        long numbers = entry.elements();
        all += numbers;
        half += entry.dtype() == DType.BF16 ? numbers : 0;
      }
      return 2 * half > all ? Precision.BF16 : Precision.F32;
    }
  }

  /**
   * Refuses what no machine has, or this one has not.
   *
   * @throws InputError naming the option
   */
  void check() {
    Device _ = device.resolve();
    if (threads < 1) {
      throw new InputError("--threads " + threads + ": expected at least 1");
    }
    if (maxPixels < 0) {
      throw new InputError("--max-pixels " + maxPixels + ": expected at least 0 (0 is no limit)");
    }
  }

  /** The choice of a device, for verbs that also have settings. */
  public DeviceOptions deviceOptions() {
    return device;
  }

  int threads() {
    return threads;
  }

  /**
   * The device, tried out.
   *
   * @throws InputError if there is no such device
   */
  Device device() {
    return device.resolve();
  }

  /** 0 is no limit. */
  long maxPixels() {
    return maxPixels;
  }
}
