package krites.model.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Collection;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * On which logical processors the calling thread may run: {@code sched_getaffinity} and {@code
 * sched_setaffinity} of Linux, with process id 0, which is the calling thread.
 *
 * <p>A thread hands its mask on to those that it starts, the native team of an engine among them,
 * so an engine's thread is pinned before its first native call. Elsewhere nothing happens.
 */
public final class CpuAffinity {
  /** {@code CPU_SETSIZE} of sched.h is 1,024; larger machines are given eight times as many. */
  private static final int MASK_BYTES = 1024;

  private static final Optional<MethodHandle> GET = find("sched_getaffinity");
  private static final Optional<MethodHandle> SET = find("sched_setaffinity");

  private CpuAffinity() {}

  private static Optional<MethodHandle> find(String name) {
    if (!System.getProperty("os.name").equals("Linux")) {
      return Optional.empty();
    }
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor shape = FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
    return linker
        .defaultLookup()
        .find(name)
        .map(function -> linker.downcallHandle(function, shape));
  }

  /**
   * The processors that the calling thread may use, the limits of its container included; empty
   * where the system does not tell.
   */
  public static SortedSet<Integer> current() {
    SortedSet<Integer> cpus = new TreeSet<>();
    if (GET.isEmpty()) {
      return cpus;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, Long.BYTES);
      if (call(GET.get(), mask) >= 0) {
        for (int cpu = 0; cpu < 8 * MASK_BYTES; cpu++) {
          if ((mask.get(JAVA_BYTE, cpu / 8) >> (cpu % 8) & 1) != 0) {
            cpus.add(cpu);
          }
        }
      }
    }
    return cpus;
  }

  /**
   * Keeps the calling thread, and those that it starts from now on, on some processors.
   *
   * @param cpus at least one
   * @return whether the system did it
   */
  public static boolean pin(Collection<Integer> cpus) {
    if (cpus.isEmpty()) {
      throw new IllegalArgumentException("a thread needs a processor");
    }
    if (SET.isEmpty()) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, Long.BYTES);
      for (int cpu : cpus) {
        byte bits = mask.get(JAVA_BYTE, cpu / 8);
        mask.set(JAVA_BYTE, cpu / 8, (byte) (bits | 1 << (cpu % 8)));
      }
      return call(SET.get(), mask) == 0;
    }
  }

  private static int call(MethodHandle function, MemorySegment mask) {
    try {
      return (int) function.invokeExact(0, (long) MASK_BYTES, mask);
    } catch (Throwable e) {
      throw new IllegalStateException("the affinity of a thread cannot be asked for", e);
    }
  }
}
