package krites.model.device;

import ai.djl.util.Platform;
import ai.djl.util.Utils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Asks this machine: files of the driver, {@code nvidia-smi}, and DJL's environment variables. No
 * library is loaded, so that nothing can end the process.
 */
final class SystemGpuProbe implements GpuProbe {
  /** Of the driver on Linux, in a container, and under WSL. */
  private static final List<Path> DRIVER_FILES =
      List.of(
          Path.of("/proc/driver/nvidia/version"), Path.of("/dev/nvidiactl"), Path.of("/dev/dxg"));

  /** A tool that answers at once, or never when a card hangs. */
  private static final int ANSWER_SECONDS = 5;

  @Override
  public boolean hasDriver() {
    return DRIVER_FILES.stream().anyMatch(Files::exists)
        || Files.exists(Path.of("C:\\Windows\\System32\\nvcuda.dll"));
  }

  @Override
  public int gpus() {
    int present = present();
    return visible().map(list -> Math.min(present, visibleCount(list))).orElse(present);
  }

  private static int visibleCount(String list) {
    return list.isBlank() || list.startsWith("-")
        ? 0
        : Math.toIntExact(Stream.of(list.split(",")).count());
  }

  private static int present() {
    List<String> lines = ask("--query-gpu=index");
    return lines.isEmpty() ? deviceFiles() : lines.size();
  }

  /** {@code /dev/nvidia0} and so on; containers often have these and no {@code nvidia-smi}. */
  private static int deviceFiles() {
    int count = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/dev"), "nvidia[0-9]*")) {
      for (Path _ : files) {
        count++;
      }
    } catch (IOException e) {
      return 0; // no such folder: no such device
    }
    return count;
  }

  @Override
  public Optional<String> visible() {
    return Optional.ofNullable(System.getenv("CUDA_VISIBLE_DEVICES"));
  }

  /** Only where numbers mean the same to the tool and to PyTorch. */
  @Override
  public OptionalLong freeBytes(int gpu) {
    if (visible().isPresent()) {
      return OptionalLong.empty();
    }
    List<String> lines = ask("--query-gpu=memory.free", "--id=" + gpu);
    try {
      return lines.size() == 1
          ? OptionalLong.of(Long.parseLong(lines.getFirst().strip()) << 20)
          : OptionalLong.empty();
    } catch (NumberFormatException e) {
      return OptionalLong.empty(); // some cards answer "[N/A]"
    }
  }

  private static List<String> ask(String... questions) {
    List<String> command =
        Stream.concat(
                Stream.of("nvidia-smi", "--format=csv,noheader,nounits"), Stream.of(questions))
            .toList();
    try {
      Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
      if (!tool.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS)) {
        tool.destroyForcibly();
        return List.of();
      }
      String text = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return tool.exitValue() == 0 ? text.lines().toList() : List.of();
    } catch (IOException e) {
      return List.of(); // there is no such tool
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  @Override
  public Natives natives() {
    String folder = Utils.getEnvOrSystemProperty("PYTORCH_LIBRARY_PATH");
    if (folder == null) {
      folder = "";
    }
    String named = Utils.getEnvOrSystemProperty("PYTORCH_FLAVOR");
    if (folder.isEmpty()) {
      String flavor = bundledFlavor();
      return new Natives("the PyTorch on the class path", flavor, flavor.startsWith("cu"));
    }
    Path libraries = Path.of(folder);
    boolean cuda =
        Files.exists(libraries.resolve("libtorch_cuda.so"))
            || Files.exists(libraries.resolve("torch_cuda.dll"));
    return new Natives("PYTORCH_LIBRARY_PATH=" + folder, named == null ? "cpu" : named, cuda);
  }

  private static String bundledFlavor() {
    String flavor = Platform.detectPlatform("pytorch").getFlavor();
    return flavor == null ? "cpu" : flavor;
  }
}
