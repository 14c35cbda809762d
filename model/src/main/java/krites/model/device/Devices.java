package krites.model.device;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.OptionalLong;

/**
 * From the name of a device to the device, or to one line that says what is missing.
 *
 * <p>Everything is looked at before PyTorch is asked, since DJL answers a missing library with a
 * download, and PyTorch a missing driver with a page of text.
 */
public final class Devices {
  /** The only CUDA that the bridge on Maven Central is built for, in DJL 0.35.1. */
  private static final String FLAVOR = "cu128";

  private static final String VERSION = "2.7.1";

  private Devices() {}

  /**
   * The device, which works.
   *
   * @throws DeviceException if the text names none, or this machine does not have it
   */
  public static Device resolve(String text) {
    Device device = resolve(text, new SystemGpuProbe());
    if (device.isGpu()) {
      tryOut(device);
    }
    return device;
  }

  /** Without touching the device. */
  static Device resolve(String text, GpuProbe probe) {
    DeviceName name =
        DeviceName.parse(text)
            .orElseThrow(
                () ->
                    new DeviceException("device '" + text + "': expected " + DeviceName.EXPECTED));
    if (name.gpu().isEmpty()) {
      return Device.cpu();
    }
    int gpu = name.gpu().getAsInt();
    requireDriver(name, probe);
    requireNumber(name, gpu, probe);
    requireNatives(name, probe.natives());
    return Device.gpu(gpu);
  }

  private static void requireDriver(DeviceName name, GpuProbe probe) {
    if (!probe.hasDriver()) {
      throw new DeviceException(
          "device "
              + name
              + ": no NVIDIA driver is loaded; install it so that nvidia-smi lists the card (in a container,"
              + " start it with --gpus all), or use cpu");
    }
  }

  private static void requireNumber(DeviceName name, int gpu, GpuProbe probe) {
    int gpus = probe.gpus();
    if (gpu >= gpus) {
      String visible =
          probe.visible().map(list -> " (CUDA_VISIBLE_DEVICES is '" + list + "')").orElse("");
      throw new DeviceException(
          "device "
              + name
              + ": "
              + (gpus == 0
                  ? "a driver but no GPU is seen"
                  : "the last of " + gpus + " GPUs is cuda:" + (gpus - 1))
              + visible
              + "; name another, or use cpu");
    }
  }

  private static void requireNatives(DeviceName name, GpuProbe.Natives natives) {
    if (natives.hasCuda() && natives.flavor().equals(FLAVOR)) {
      return;
    }
    throw new DeviceException(
        "device "
            + name
            + ": "
            + natives.origin()
            + (natives.hasCuda()
                ? " is taken for flavor " + natives.flavor() + ", and DJL's bridge is for " + FLAVOR
                : " is for the CPU only")
            + "; set PYTORCH_LIBRARY_PATH to the lib folder of libtorch "
            + VERSION
            + " for CUDA 12.8, PYTORCH_VERSION="
            + VERSION
            + " and PYTORCH_FLAVOR="
            + FLAVOR
            + " (docs/devices.md), or use cpu");
  }

  /** The smallest tensor there is: driver and libraries must fit each other. */
  private static void tryOut(Device device) {
    try (NDManager manager = NDManager.newBaseManager(device, "PyTorch");
        NDArray one = manager.ones(new Shape(1))) {
      one.toFloatArray();
    } catch (EngineException | IllegalStateException | UnsatisfiedLinkError e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
      throw new DeviceException(
          "device cuda:" + device.getDeviceId() + " does not work: " + reason, e);
    }
  }

  /**
   * Refuses a device with too little free memory, where that can be asked.
   *
   * @param neededBytes at least; what is known before anything is loaded
   * @param purpose in words, for the message
   */
  public static void requireMemory(Device device, long neededBytes, String purpose) {
    requireMemory(device, neededBytes, purpose, new SystemGpuProbe());
  }

  static void requireMemory(Device device, long neededBytes, String purpose, GpuProbe probe) {
    if (!device.isGpu()) {
      return;
    }
    OptionalLong free = probe.freeBytes(device.getDeviceId());
    if (free.isPresent() && free.getAsLong() < neededBytes) {
      throw new DeviceException(
          "device cuda:%d: %s needs at least %.1f GiB, and %.1f GiB are free; free some or use another device"
              .formatted(
                  device.getDeviceId(),
                  purpose,
                  gibibytes(neededBytes),
                  gibibytes(free.getAsLong())));
    }
  }

  private static double gibibytes(long bytes) {
    return bytes / (double) (1L << 30);
  }
}
