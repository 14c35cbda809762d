package krites.learner;

/**
 * What the optimizer remembers and where.
 *
 * @param kind how the moments are kept
 * @param offload whether they lie in host memory and pass through the device in parts
 */
public record OptimizerSettings(OptimizerKind kind, boolean offload) {
  /** Float32 moments beside the weights. */
  public static final OptimizerSettings DEFAULT = new OptimizerSettings(OptimizerKind.ADAMW, false);
}
