package krites.learner;

/**
 * What the importance weights of some tokens come to: plain sums and extremes, which add up over
 * micro-batches.
 *
 * <p>Two causes are told apart. A token of the version being trained differs from the learner by
 * rounding and kernels alone: the <em>mismatch</em> of the engines. A token of an older version
 * differs by the training in between as well: the <em>staleness ratio</em>.
 */
final class ImportanceCounts {
  static final int VALUES = 16;

  private double max = Double.NEGATIVE_INFINITY;
  private double min = Double.POSITIVE_INFINITY;
  private double sum;
  private double squares;
  private double fresh;
  private double mismatchSum;
  private double mismatchMax;
  private double freshRatioSum;
  private double freshRatioMax;
  private double stale;
  private double staleRatioSum;
  private double staleRatioMin = Double.POSITIVE_INFINITY;
  private double staleRatioMax;
  private double truncated;
  private double maskedTokens;
  private double maskedResponses;

  /** Adds what the script counted in one micro-batch, in the order of its list. */
  void add(float[] counts) {
    double[] values = new double[counts.length];
    for (int i = 0; i < counts.length; i++) {
      values[i] = counts[i];
    }
    add(values);
  }

  /** Adds what another of these counted. */
  void add(double[] counts) {
    if (counts.length != VALUES) {
      throw new IllegalArgumentException(counts.length + " counts, expected " + VALUES);
    }
    max = Math.max(max, counts[0]);
    min = Math.min(min, counts[1]);
    sum += counts[2];
    squares += counts[3];
    fresh += counts[4];
    mismatchSum += counts[5];
    mismatchMax = Math.max(mismatchMax, counts[6]);
    freshRatioSum += counts[7];
    freshRatioMax = Math.max(freshRatioMax, counts[8]);
    stale += counts[9];
    staleRatioSum += counts[10];
    staleRatioMin = counts[9] > 0 ? Math.min(staleRatioMin, counts[11]) : staleRatioMin;
    staleRatioMax = Math.max(staleRatioMax, counts[12]);
    truncated += counts[13];
    maskedTokens += counts[14];
    maskedResponses += counts[15];
  }

  /** Everything that was counted, as {@link #add(double[])} takes it. */
  double[] values() {
    return new double[] {
      max,
      min,
      sum,
      squares,
      fresh,
      mismatchSum,
      mismatchMax,
      freshRatioSum,
      freshRatioMax,
      stale,
      staleRatioSum,
      staleRatioMin,
      staleRatioMax,
      truncated,
      maskedTokens,
      maskedResponses
    };
  }

  double max() {
    return max;
  }

  double min() {
    return min;
  }

  /** {@code (sum w)^2 / (n sum w^2)}; 0 when every token is masked. */
  double effectiveSampleShare() {
    return squares == 0 ? 0 : sum * sum / (squares * tokens());
  }

  /** Mean distance of log-probabilities over tokens of the trained version; 0 without any. */
  double mismatchMean() {
    return fresh == 0 ? 0 : mismatchSum / fresh;
  }

  double mismatchMax() {
    return mismatchMax;
  }

  /** Mean ratio learner over engine of tokens of the trained version; 1 without any. */
  double mismatchRatioMean() {
    return fresh == 0 ? 1 : freshRatioSum / fresh;
  }

  double mismatchRatioMax() {
    return fresh == 0 ? 1 : freshRatioMax;
  }

  double staleShare() {
    return stale / tokens();
  }

  /** Mean ratio learner over engine of tokens of older versions, uncut; 1 without any. */
  double staleRatioMean() {
    return stale == 0 ? 1 : staleRatioSum / stale;
  }

  double staleRatioMin() {
    return stale == 0 ? 1 : staleRatioMin;
  }

  double staleRatioMax() {
    return stale == 0 ? 1 : staleRatioMax;
  }

  double truncatedShare() {
    return truncated / tokens();
  }

  double maskedTokenShare() {
    return maskedTokens / tokens();
  }

  double maskedResponses() {
    return maskedResponses;
  }

  private double tokens() {
    return fresh + stale;
  }
}
