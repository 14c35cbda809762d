package krites.learner;

import java.util.List;
import java.util.Optional;
import krites.model.lora.LoraLayout;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.PackedWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * Bytes that a learner holds from its first step on, by what they are for; activations, which come
 * and go with each micro-batch, are not among them.
 *
 * <p>What is allocated for each parameter:
 *
 * <ul>
 *   <li>a frozen one: its value in the type that the network computes in, 4 or 2 bytes;
 *   <li>a trained one, an adapter's included: value 4, with bfloat16 2 more for the rounded copy of
 *       a weight (an adapter is rounded as it is used), gradient 4 (from the first backward pass of
 *       a step to its update), and two moments: 4 each, or 1 each and 4 each for a block of 256, in
 *       tensors of at least 4096 values with {@link OptimizerKind#ADAMW_8BIT}; moments lie in host
 *       memory when they are offloaded;
 *   <li>with adapters no second set of weights for the reference; without them one more value of
 *       each parameter, 4 or 2 bytes, if the objective has a KL term; 4 on a CPU whose products are
 *       float32 ones for either type ({@link Kernels#PACKED_WIDE}).
 * </ul>
 *
 * @param weights the network's own, as it computes with them
 * @param masters float32 beneath them, of those that are trained, if they are rounded
 * @param adapters beside them
 * @param reference a second set of weights, when the objective needs one and cannot use the first
 * @param gradients of trained parameters
 * @param moments of trained parameters
 * @param parts what passes through the device at one time beside all that, at most
 * @param momentsInHost whether the moments lie in host memory
 */
public record LearnerMemory(
    long weights,
    long masters,
    long adapters,
    long reference,
    long gradients,
    long moments,
    long parts,
    boolean momentsInHost) {

  /**
   * Arrays of 4 bytes a value that an 8-bit step holds of one part, at most: both moments, what
   * they were before, shares of a block's scale, their codes before these are bytes, and two that
   * come and go.
   */
  private static final int PART_ARRAYS = 8;

  /** What a member holds of gradients under way: what came last, and the sum of those before it. */
  private static final long EXCHANGED_PARTS = 2L * Float.BYTES * HostParts.VALUES;

  /**
   * What a learner of these settings will hold.
   *
   * @param reference whether the objective has a term that needs the start model
   * @param kernels by which that one computes: the fastest of its device and type
   */
  public static LearnerMemory of(
      Qwen25VlConfig config, TrainingCore.Choice choice, boolean reference, Kernels kernels) {
    return of(config, choice, reference, kernels, 1);
  }

  /**
   * What one of several members will hold: masters and moments of its shard, and all the rest as a
   * learner alone. The shards are alike to within a block.
   */
  public static LearnerMemory of(
      Qwen25VlConfig config,
      TrainingCore.Choice choice,
      boolean reference,
      Kernels kernels,
      int members) {
    OptimizerSettings optimizer = choice.optimizer();
    WeightLayout layout = WeightLayout.of(config);
    Optional<LoraLayout> adapters = choice.lora().map(settings -> LoraLayout.of(config, settings));
    List<Long> trained =
        adapters.isPresent()
            ? adapters.get().shapes().stream().map(shape -> shape[0] * shape[1]).toList()
            : layout.names().stream().filter(choice::isTrained).map(layout::size).toList();
    long values = trained.stream().mapToLong(Long::longValue).sum();
    long weights = choice.precision().bytes() * layout.parameters();
    boolean rounded = choice.precision() != Precision.F32 && adapters.isEmpty();
    return new LearnerMemory(
        weights,
        rounded ? share(Float.BYTES * values, members) : 0,
        adapters.map(LoraLayout::parameters).orElse(0L) * Float.BYTES,
        reference && adapters.isEmpty() ? frozenBytes(config, choice.precision(), kernels) : 0,
        values * Float.BYTES,
        share(
            trained.stream().mapToLong(size -> momentBytes(size, optimizer.kind())).sum(), members),
        partBytes(trained, optimizer) + (members > 1 ? EXCHANGED_PARTS : 0),
        optimizer.offload());
  }

  private static long share(long bytes, int members) {
    return (bytes + members - 1) / members;
  }

  /**
   * A network that is only read. Where its matrices are packed, they lie in the type they compute
   * in, and only the table of embeddings as it was.
   */
  private static long frozenBytes(Qwen25VlConfig config, Precision precision, Kernels kernels) {
    if (!kernels.packed()) {
      return precision.bytes() * WeightLayout.of(config).parameters();
    }
    long embeddings = (long) config.vocabulary() * config.hidden();
    return kernels.computed(precision).bytes() * PackedWeights.packedValues(config)
        + precision.bytes() * embeddings;
  }

  /** Both moments of one tensor. */
  private static long momentBytes(long values, OptimizerKind kind) {
    if (!kind.quantizes(values)) {
      return 2L * Float.BYTES * values;
    }
    return 2 * (values + Float.BYTES * MomentCodes.blocks(values));
  }

  private static long partBytes(List<Long> trained, OptimizerSettings optimizer) {
    if (optimizer.equals(OptimizerSettings.DEFAULT)) {
      return 0;
    }
    long largest = trained.stream().mapToLong(Long::longValue).max().orElse(0);
    int arrays = optimizer.kind().quantizes(largest) ? PART_ARRAYS : 2;
    return arrays * Float.BYTES * Math.min(largest, Optimizer.PART);
  }

  /** All that lies on the learner's device. */
  public long onDevice() {
    return weights
        + masters
        + adapters
        + reference
        + gradients
        + parts
        + (momentsInHost ? 0 : moments);
  }

  /** What lies in host memory because it is offloaded. */
  public long inHost() {
    return momentsInHost ? moments : 0;
  }
}
