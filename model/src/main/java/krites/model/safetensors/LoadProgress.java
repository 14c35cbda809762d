package krites.model.safetensors;

import java.util.function.Supplier;

/**
 * Hears how far a long read or write of weights has come.
 *
 * <p>Called from the threads that do the work, several of them at once, after each piece of some
 * megabytes: an implementation is thread safe and quick.
 */
@FunctionalInterface
public interface LoadProgress {
  /** Hears nothing. */
  LoadProgress SILENT = (_, _) -> {};

  /**
   * The listener of the code that runs below {@link #during}; it is not handed to other threads.
   */
  ScopedValue<LoadProgress> HERE = ScopedValue.newInstance();

  /**
   * @param bytes done so far, of the whole
   * @param total bytes of the whole
   */
  void reached(long bytes, long total);

  /** The listener that {@link #during} set, or {@link #SILENT}. */
  static LoadProgress current() {
    return HERE.orElse(SILENT);
  }

  /**
   * Runs something that may load weights; the listener hears of it.
   *
   * <p>A scoped value, since what loads lies below engines whose makers need not know of a display.
   */
  static <T> T during(LoadProgress progress, Supplier<T> work) {
    return ScopedValue.where(HERE, progress).call(work::get);
  }
}
