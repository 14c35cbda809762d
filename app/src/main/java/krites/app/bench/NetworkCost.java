package krites.app.bench;

import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * What the network must read and compute at the least, counted from its shape: what a measured time
 * is compared with.
 */
record NetworkCost(Qwen25VlConfig config) {
  /** Values of the decoder's weights that every step reads, those of the head included. */
  long decodedValues() {
    WeightLayout layout = WeightLayout.of(config);
    long values =
        layout.names().stream()
            .filter(name -> !WeightLayout.isVision(name))
            .mapToLong(layout::size)
            .sum();
    // An untied embedding is looked up, not read.
    return config.tiedHead() ? values : values - (long) config.vocabulary() * config.hidden();
  }

  /** Values that one token of one sequence keeps in the caches. */
  long cachedValues() {
    return 2L * config.layers() * config.keyValueHeads() * config.headSize();
  }

  /**
   * Bytes that a decode step reads: all weights once, and the keys and values of all sequences.
   *
   * @param context mean tokens of a sequence
   * @param weightBytes of a weight as the products take it
   */
  double bytesPerStep(int sequences, double context, Precision precision, int weightBytes) {
    return (double) weightBytes * decodedValues()
        + precision.bytes() * sequences * context * cachedValues();
  }

  /**
   * Operations of reading prompts, a multiplication and an addition counted as two: the products of
   * the layers for each token, scores and sums of causal attention, the head behind each prompt.
   */
  double prefillOperations(int prompts, int tokens) {
    double head = 2.0 * config.vocabulary() * config.hidden();
    double attention =
        2.0 * 2 * config.layers() * config.heads() * config.headSize() * (tokens / 2.0);
    return prompts * (tokens * (2.0 * layerValues() + attention) + head);
  }

  private long layerValues() {
    WeightLayout layout = WeightLayout.of(config);
    return layout.names().stream()
        .filter(name -> name.startsWith("model.layers.") && layout.shape(name).length == 2)
        .mapToLong(layout::size)
        .sum();
  }
}
