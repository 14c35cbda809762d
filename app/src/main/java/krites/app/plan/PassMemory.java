package krites.app.plan;

import java.util.List;
import java.util.Optional;
import krites.learner.TrainingCore;
import krites.model.lora.LoraLayout;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * Bytes that come and go with a micro-batch of the learner.
 *
 * <p>What autograd keeps of a layer is what the backward formulas of its operators read: the
 * float32 input of each norm, the normed values (twice, if the norm's weight is trained), queries,
 * keys and values spread over all heads, the output of attention, the mask as numbers, and four
 * arrays of the gated MLP. An argument of a product is kept only if the other is trained.
 *
 * @param decoder what is kept of the decoder's layers
 * @param vision what is kept of the vision tower
 * @param head logits of one chunk, and the gradient of the head's weight
 * @param gradients of the weights as the backward pass gives them, before they are added up
 * @param block what one layer makes and drops while it runs backwards
 */
public record PassMemory(long decoder, long vision, long head, long gradients, long block) {

  /** Logits of a chunk, as {@code TrainingCore} cuts them. */
  private static final long HEAD_LOGITS = 1 << 25;

  /** Log-probabilities, their exponentials, the slope, and what the matrix product packs of it. */
  private static final int HEAD_COPIES = 4;

  private static final int F32 = Float.BYTES;

  public static PassMemory of(Qwen25VlConfig config, TrainingCore.Choice choice, Load load) {
    WeightLayout layout = WeightLayout.of(config);
    int bytes = choice.precision().bytes();
    boolean allTrained = choice.lora().isEmpty();
    boolean visionTrained = allTrained && !choice.freezeVision();
    boolean twice = choice.checkpointActivations();
    long tokens = load.rows() * load.rowTokens();
    long layer = tokens * layerBytes(config, choice) + maskBytes(load, bytes);
    long decoder =
        (twice
                ? layer + (config.layers() + 1) * tokens * config.hidden() * bytes
                : layer * config.layers())
            + tokens * config.hidden() * (F32 + 2L * bytes)
            + 6 * load.rows() * load.rowTokens() * load.rowTokens();
    Qwen25VlConfig.Vision see = config.vision();
    long patches = load.rows() * load.patches();
    long block = patches * visionBlockBytes(see, choice.precision(), visionTrained);
    long vision =
        patches * see.patchValues() * (F32 + bytes)
            + (!visionTrained
                ? 0 // the tower has run and gone before the decoder begins
                : twice
                    ? block + (see.depth() + 1) * patches * see.hidden() * bytes
                    : block * see.depth())
            + (visionTrained ? mergerBytes(see, patches, bytes) : 0);
    return new PassMemory(
        decoder,
        vision,
        headBytes(config, load, bytes, allTrained),
        gradientBytes(config, layout, choice),
        tokens * bytes * (4L * config.hidden() + 3L * config.intermediate()));
  }

  /** Kept of a decoder layer for each token, but for the mask. */
  private static long layerBytes(Qwen25VlConfig config, TrainingCore.Choice choice) {
    int bytes = choice.precision().bytes();
    Optional<LoraSettings> lora = choice.lora();
    long hidden = config.hidden();
    long queries = (long) config.heads() * config.headSize();
    boolean all = lora.isEmpty();
    List<LoraTarget> targets = lora.map(LoraSettings::targets).orElse(List.of());
    boolean intoAttention =
        all
            || targets.contains(LoraTarget.Q_PROJ)
            || targets.contains(LoraTarget.K_PROJ)
            || targets.contains(LoraTarget.V_PROJ);
    boolean intoMlp =
        all || targets.contains(LoraTarget.GATE_PROJ) || targets.contains(LoraTarget.UP_PROJ);
    boolean outOfMlp = all || targets.contains(LoraTarget.DOWN_PROJ);
    return 2 * F32 * hidden
        + (all ? 2L * bytes * hidden : 0)
        + ((intoAttention ? bytes : 0) + (intoMlp ? bytes : 0)) * hidden
        + 4L * bytes * queries
        + (long) F32 * config.heads()
        + (outOfMlp ? 4L : 3L) * bytes * config.intermediate()
        + lora.map(settings -> (long) targets.size() * settings.rank() * bytes).orElse(0L);
  }

  /** Each layer makes numbers of the mask, which its attention keeps. */
  private static long maskBytes(Load load, int bytes) {
    return load.rows() * load.rowTokens() * load.rowTokens() * bytes;
  }

  private static long visionBlockBytes(
      Qwen25VlConfig.Vision see, Precision precision, boolean trained) {
    int bytes = precision.bytes();
    return trained
        ? 2L * F32 * see.hidden() + 9L * bytes * see.hidden() + 4L * bytes * see.intermediate()
        : 12L * bytes * see.hidden() + 3L * bytes * see.intermediate();
  }

  private static long mergerBytes(Qwen25VlConfig.Vision see, long patches, int bytes) {
    return patches * see.hidden() * (F32 + 4L * bytes)
        + patches / see.mergedPatches() * see.outHidden() * bytes;
  }

  private static long headBytes(Qwen25VlConfig config, Load load, int bytes, boolean trained) {
    long targets = load.rows() * load.groupSize() * load.responseTokens();
    long perChunk = Math.max(1, HEAD_LOGITS / config.vocabulary());
    long chunk = Math.min(targets, perChunk) * config.vocabulary();
    long table = (long) config.vocabulary() * config.hidden();
    return chunk * (HEAD_COPIES * F32 + (bytes < F32 ? bytes : 0))
        + (trained ? table * (bytes < F32 ? bytes + F32 : bytes) : 0);
  }

  private static long gradientBytes(
      Qwen25VlConfig config, WeightLayout layout, TrainingCore.Choice choice) {
    if (choice.lora().isPresent()) {
      return F32 * LoraLayout.of(config, choice.lora().get()).parameters();
    }
    long decoder =
        layout.names().stream()
            .filter(name -> name.startsWith("model.layers."))
            .mapToLong(layout::size)
            .sum();
    return choice.precision().bytes()
        * (choice.checkpointActivations() ? decoder / config.layers() : decoder);
  }

  /**
   * The most that is held at once. Gradients count on top of activations that are gone already: in
   * the heap of the C library they do not find room in the blocks that those leave. Measured on 387
   * million parameters in float32, 3.35 GB of 3.5 computed.
   */
  public long peak() {
    return decoder + vision + Math.max(head, gradients + block);
  }
}
