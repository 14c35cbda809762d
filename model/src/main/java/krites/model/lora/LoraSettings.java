package krites.model.lora;

import java.util.EnumSet;
import java.util.List;

/**
 * Which adapters there are: beside each targeted projection {@code W} of every decoder layer stands
 * {@code scale * B * A}, with A (rank, in) and B (out, rank).
 *
 * @param rank the inner dimension, at least 1
 * @param alpha the products are scaled by {@code alpha / rank}, as peft does without its
 *     rank-stabilised variant
 * @param targets at least one; kept in the order of {@link LoraTarget}, each once
 * @param seed of fresh A; B begins at zero, so that fresh adapters change nothing
 */
public record LoraSettings(int rank, double alpha, List<LoraTarget> targets, long seed) {
  public LoraSettings {
    if (rank < 1 || !(alpha > 0) || targets.isEmpty()) {
      throw new IllegalArgumentException(
          "rank " + rank + ", alpha " + alpha + ", targets " + targets);
    }
    targets = List.copyOf(EnumSet.copyOf(targets));
  }

  /** What the product of an adapter is multiplied with. */
  public double scale() {
    return alpha / rank;
  }
}
