package krites.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** The machine that a measurement was made on, as far as the system tells. */
public record Machine(String text) {

  static Machine here() {
    String processor = processor();
    String memory =
        kilobytes(Path.of("/proc/meminfo"), "MemTotal").isPresent()
            ? String.format(
                Locale.ROOT,
                ", %.0f GB",
                kilobytes(Path.of("/proc/meminfo"), "MemTotal").getAsLong() * 1024 / 1e9)
            : "";
    return new Machine(
        Runtime.getRuntime().availableProcessors()
            + " cores of "
            + processor
            + memory
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", Java "
            + Runtime.version());
  }

  /**
   * The name of the processor with its family and model, for in a virtual machine the name is often
   * that of the maker alone; or its kind where the system does not tell.
   */
  public static String processor() {
    Path facts = Path.of("/proc/cpuinfo");
    String generation =
        field(facts, "cpu family")
            .flatMap(
                family ->
                    field(facts, "model")
                        .map(model -> " (family " + family + ", model " + model + ")"))
            .orElse("");
    return field(facts, "model name")
        .map(name -> name + generation)
        .orElse(System.getProperty("os.arch"));
  }

  /** The memory of the machine; 0 where the system does not tell. */
  public static long memoryBytes() {
    return kilobytes(Path.of("/proc/meminfo"), "MemTotal").orElse(0) * 1024;
  }

  /** The largest resident memory of this process so far; 0 where the system does not tell. */
  public static long peakMemoryBytes() {
    return kilobytes(Path.of("/proc/self/status"), "VmHWM").orElse(0) * 1024;
  }

  private static OptionalLong kilobytes(Path file, String name) {
    return field(file, name).stream()
        .map(text -> text.replace(" kB", ""))
        .filter(text -> text.matches("\\d+"))
        .mapToLong(Long::parseLong)
        .findFirst();
  }

  private static Optional<String> field(Path file, String name) {
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
