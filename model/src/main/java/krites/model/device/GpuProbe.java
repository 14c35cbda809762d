package krites.model.device;

import java.util.Optional;
import java.util.OptionalLong;

/** What can be learned about GPUs without touching one. */
interface GpuProbe {
  /** Whether a driver of NVIDIA is loaded. */
  boolean hasDriver();

  /** GPUs that this process may see. */
  int gpus();

  /** What a person restricted them to, as {@code CUDA_VISIBLE_DEVICES} says; empty if nothing. */
  Optional<String> visible();

  /** Memory of a GPU that nobody uses; empty if it cannot be asked. */
  OptionalLong freeBytes(int gpu);

  /** Which PyTorch the process will load. */
  Natives natives();

  /**
   * The native PyTorch.
   *
   * @param origin where it comes from, in words
   * @param flavor {@code cpu} or {@code cu128} and the like, as DJL will understand it
   * @param hasCuda whether its libraries for CUDA are there
   */
  record Natives(String origin, String flavor, boolean hasCuda) {}
}
