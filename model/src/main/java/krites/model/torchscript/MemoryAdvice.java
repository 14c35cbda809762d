package krites.model.torchscript;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Optional;

/**
 * What the system is told of memory, by {@code madvise} of Linux.
 *
 * <p>Wishes and no more: where there is no {@code madvise}, or the system says no, all works as
 * before. The place of a tensor in memory is not changed, so neither are the last bits of results.
 */
public final class MemoryAdvice {
  private static final long HUGE_PAGE_BYTES = 1 << 21;
  private static final long PAGE_BYTES = 1 << 12;

  /** Numbers of {@code sys/mman.h}. */
  private static final int MADV_WILLNEED = 3;

  private static final int MADV_HUGEPAGE = 14;
  private static final int MADV_POPULATE_READ = 22;

  private static final Optional<MethodHandle> MADVISE = find();

  private MemoryAdvice() {}

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

  /**
   * Asks for 2 MiB pages beneath memory that is about to be filled: gigabytes of fresh memory cost
   * a fault for every page.
   */
  public static void hugePages(MemorySegment memory) {
    long begin = (memory.address() + HUGE_PAGE_BYTES - 1) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    long end = (memory.address() + memory.byteSize()) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    advise(begin, end, MADV_HUGEPAGE);
  }

  /** Says that mapped memory will be needed, so that the disk may begin to read it. */
  public static void willNeed(MemorySegment mapped) {
    advise(firstPage(mapped), mapped.address() + mapped.byteSize(), MADV_WILLNEED);
  }

  /**
   * Brings mapped memory in and waits for it; a later access finds it without a fault. Where the
   * system cannot (Linux before 5.14), a byte of each page is read instead.
   */
  public static void bringIn(MemorySegment mapped) {
    if (!advise(firstPage(mapped), mapped.address() + mapped.byteSize(), MADV_POPULATE_READ)) {
      int sum = 0;
      for (long at = 0; at < mapped.byteSize(); at += PAGE_BYTES) {
        sum += mapped.get(JAVA_BYTE, at);
      }
      Reference.reachabilityFence(sum); // the loop must not be optimized away
    }
  }

  private static long firstPage(MemorySegment memory) {
    return memory.address() / PAGE_BYTES * PAGE_BYTES;
  }

  /** True if the system took the advice. */
  private static boolean advise(long begin, long end, int advice) {
    if (MADVISE.isEmpty() || end <= begin) {
      return false;
    }
    try {
      return (int) MADVISE.get().invokeExact(MemorySegment.ofAddress(begin), end - begin, advice)
          == 0;
    } catch (Throwable e) {
      throw new IllegalStateException("madvise cannot be called", e);
    }
  }
}
