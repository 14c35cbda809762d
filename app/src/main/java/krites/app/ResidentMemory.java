package krites.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The memory of this process as Linux counts it; zeros elsewhere.
 *
 * @param residentBytes all of it, mapped files included
 * @param anonymousBytes what no file stands behind: heap, tensors, caches
 * @param peakBytes the most that was resident since the start, or since {@link #forgetPeak}
 */
public record ResidentMemory(long residentBytes, long anonymousBytes, long peakBytes) {
  private static final Path STATUS = Path.of("/proc/self/status");

  /** Writing 5 resets the peak (man 5 proc). */
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");

  public static ResidentMemory now() {
    long resident = 0;
    long anonymous = 0;
    long peak = 0;
    try {
      for (String line : Files.readAllLines(STATUS)) {
        String name = line.substring(0, Math.max(0, line.indexOf(':'))).toLowerCase(Locale.ROOT);
        switch (name) {
          case "vmrss" -> resident = bytes(line);
          case "rssanon" -> anonymous = bytes(line);
          case "vmhwm" -> peak = bytes(line);
          default -> {
            // other lines tell of other things
          }
        }
      }
    } catch (IOException e) {
      return new ResidentMemory(0, 0, 0);
    }
    return new ResidentMemory(resident, anonymous, peak);
  }

  private static long bytes(String line) {
    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
  }

  /** Lets the peak begin at what is resident now; where the system refuses, it stays. */
  public static void forgetPeak() {
    try {
      Files.writeString(CLEAR, "5");
    } catch (IOException e) {
      return; // the peak since the start is the honest answer then
    }
  }

  /**
   * Memory that the system would give without swapping, the limit of the container included; {@code
   * Long.MAX_VALUE} where nobody tells.
   */
  public static long availableBytes() {
    long available = Long.MAX_VALUE;
    try {
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("MemAvailable:")) {
          available = bytes(line);
        }
      }
      Path limit = Path.of("/sys/fs/cgroup/memory.max");
      Path used = Path.of("/sys/fs/cgroup/memory.current");
      if (Files.exists(limit) && Files.exists(used)) {
        String most = Files.readString(limit).strip();
        if (!most.equals("max")) {
          available =
              Math.min(
                  available, Long.parseLong(most) - Long.parseLong(Files.readString(used).strip()));
        }
      }
    } catch (IOException | NumberFormatException e) {
      return available;
    }
    return available;
  }
}
