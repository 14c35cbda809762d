package krites.model.torchscript;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Asks the system for 2 MiB pages beneath memory that is about to be filled: gigabytes of fresh
 * memory cost a fault and a clearing for every page, which takes as long as reading the file.
 *
 * <p>A wish and no more: where there is no {@code madvise}, or the system says no, all works as
 * before. The place of a tensor in memory is not changed, so neither are the last bits of results.
 */
public final class HugePages {
  private static final long PAGE_BYTES = 1 << 21;

  /** Of {@code sys/mman.h} on Linux. */
  private static final int MADV_HUGEPAGE = 14;

  private static final Optional<MethodHandle> MADVISE = find();

  private HugePages() {}

  private static Optional<MethodHandle> find() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return Optional.empty();
    }
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find("madvise")
        .map(
            madvise ->
                linker.downcallHandle(
                    madvise, FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)));
  }

  /** Advises the whole large pages within the memory; less than one is left alone. */
  public static void wishFor(MemorySegment memory) {
    long begin = (memory.address() + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    long end = (memory.address() + memory.byteSize()) / PAGE_BYTES * PAGE_BYTES;
    if (MADVISE.isEmpty() || end <= begin) {
      return;
    }
    try {
      int _ =
          (int)
              MADVISE.get().invokeExact(MemorySegment.ofAddress(begin), end - begin, MADV_HUGEPAGE);
    } catch (Throwable e) {
      throw new IllegalStateException("madvise cannot be called", e);
    }
  }
}
