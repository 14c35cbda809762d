package krites.learner;

import java.util.Arrays;
import java.util.Optional;

/** How AdamW keeps its two moments. */
public enum OptimizerKind {
  /** Both in float32: 8 bytes a parameter. */
  ADAMW("adamw"),

  /**
   * Both as codes of 8 bits with a scale for each block of 256 (arXiv 2110.02861): 2 bytes and 2
   * scales of 4 bytes a block, 2.03 bytes a parameter. Small tensors keep float32.
   */
  ADAMW_8BIT("adamw-8bit");

  private final String key;

  OptimizerKind(String key) {
    this.key = key;
  }

  /** The name in settings and in a checkpoint. */
  public String key() {
    return key;
  }

  static Optional<OptimizerKind> named(String key) {
    return Arrays.stream(values()).filter(kind -> kind.key.equals(key)).findFirst();
  }

  /** Whether the moments of a tensor with so many values are kept in 8 bits. */
  boolean quantizes(long values) {
    return this == ADAMW_8BIT && values >= MomentCodes.LEAST_VALUES;
  }
}
