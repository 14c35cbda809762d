package krites.model.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {
  private static final GpuProbe.Natives CUDA = new GpuProbe.Natives("it", "cu128", true);

  /** A machine that exists nowhere. */
  private record Machine(
      boolean hasDriver, int gpus, Optional<String> visible, long free, GpuProbe.Natives natives)
      implements GpuProbe {
    @Override
    public OptionalLong freeBytes(int gpu) {
      return free < 0 ? OptionalLong.empty() : OptionalLong.of(free);
    }
  }

  private static Machine machine(boolean driver, int gpus, GpuProbe.Natives natives) {
    return new Machine(driver, gpus, Optional.empty(), -1, natives);
  }

  @ParameterizedTest
  @CsvSource({"cpu, cpu", "cuda, cuda:0", "cuda:0, cuda:0", "cuda:7, cuda:7"})
  void namesAreRead(String text, String name) {
    assertEquals(name, DeviceName.parse(text).orElseThrow().toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:x", "cuda:9999", " cpu"})
  void whatIsNoNameIsRefused(String text) {
    assertTrue(DeviceName.parse(text).isEmpty());
    assertSays("expected cpu, cuda or cuda:N", text, machine(true, 1, CUDA));
  }

  @Test
  void theCpuIsAlwaysThere() {
    GpuProbe.Natives none = new GpuProbe.Natives("it", "cpu", false);
    assertEquals(Device.cpu(), Devices.resolve("cpu", machine(false, 0, none)));
  }

  @Test
  void aGpuThatIsThereIsTaken() {
    assertEquals(Device.gpu(1), Devices.resolve("cuda:1", machine(true, 2, CUDA)));
  }

  @Test
  void eachThingThatIsMissingHasItsLine() {
    assertSays("no NVIDIA driver is loaded; install it", "cuda", machine(false, 0, CUDA));
    assertSays("a driver but no GPU is seen", "cuda", machine(true, 0, CUDA));
    assertSays("the last of 2 GPUs is cuda:1", "cuda:2", machine(true, 2, CUDA));
    Machine hidden = new Machine(true, 0, Optional.of("-1"), -1, CUDA);
    assertSays("CUDA_VISIBLE_DEVICES is '-1'", "cuda", hidden);
    GpuProbe.Natives cpu = new GpuProbe.Natives("the PyTorch on the class path", "cpu", false);
    assertSays(
        "the PyTorch on the class path is for the CPU only; set PYTORCH_LIBRARY_PATH",
        "cuda",
        machine(true, 1, cpu));
    GpuProbe.Natives other = new GpuProbe.Natives("PYTORCH_LIBRARY_PATH=lib", "cu126", true);
    assertSays("is taken for flavor cu126", "cuda", machine(true, 1, other));
  }

  @Test
  void tooLittleMemoryIsRefusedWhereItCanBeAsked() {
    Device gpu = Device.gpu(0);
    Machine small = new Machine(true, 1, Optional.empty(), 8L << 30, CUDA);
    Devices.requireMemory(gpu, 8L << 30, "the learner", small);
    Devices.requireMemory(Device.cpu(), 9L << 30, "the learner", small);
    Devices.requireMemory(gpu, 9L << 30, "the learner", machine(true, 1, CUDA));
    DeviceException e =
        assertThrows(
            DeviceException.class,
            () -> Devices.requireMemory(gpu, 9L << 30, "the learner", small));
    assertEquals(
        "device cuda:0: the learner needs at least 9.0 GiB, and 8.0 GiB are free; free some or use another"
            + " device",
        e.getMessage());
  }

  /** On the machine of the tests, whatever it has: a device or one line, and no download. */
  @Test
  void thisMachineAnswersInOneLineOrWithADevice() {
    try {
      assertEquals(Device.gpu(0), Devices.resolve("cuda:0", new SystemGpuProbe()));
    } catch (DeviceException e) {
      assertEquals(1, e.getMessage().lines().count());
    }
  }

  private static void assertSays(String said, String device, GpuProbe probe) {
    DeviceException e = assertThrows(DeviceException.class, () -> Devices.resolve(device, probe));
    assertTrue(e.getMessage().contains(said), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }
}
