package krites.app;

import ai.djl.Device;
import java.util.List;
import krites.app.config.ConfigReader;
import krites.model.device.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a verb computes. */
public final class DeviceOptions {
  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description =
          "Where to compute: cpu, cuda or cuda:N. Default: what the settings say, else cpu.")
  private @Nullable String device;

  /** Verbs with settings: one device for all engines and the learner, above what they say. */
  ConfigReader overrides(ConfigReader reader) {
    if (device != null) {
      reader.withDevices("--device " + device, List.of(device));
    }
    return reader;
  }

  /**
   * Verbs without settings: the device, which works.
   *
   * @throws InputError if there is no such device
   */
  public Device resolve() {
    return InputError.guard(() -> Devices.resolve(device == null ? "cpu" : device));
  }
}
