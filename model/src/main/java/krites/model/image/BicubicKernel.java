package krites.model.image;

/**
 * The weights of one pass of Pillow's bicubic resize: for each output position the first input
 * position and the fixed-point weights from there on.
 *
 * <p>Source: the 8 bit resampling of Pillow 11 (Keys' cubic with a = -0.5, stretched when shrinking
 * so that every input pixel counts; weights as integers with 22 fractional bits).
 *
 * @param size the number of weights kept for each output position
 * @param first the first input position, for each output position
 * @param count how many of the weights are used, for each output position
 * @param weights {@code size} weights for each output position
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record BicubicKernel(int size, int[] first, int[] count, int[] weights) {
  static final int PRECISION_BITS =
      32 - 8 - 2; // 8 bits of pixel and 2 bits of headroom fit beside it
  private static final double SUPPORT = 2.0;
  private static final double A = -0.5;

  static BicubicKernel of(int inputSize, int outputSize) {
    double scale = (double) inputSize / outputSize;
    double stretch = Math.max(1.0, scale);
    double support = SUPPORT * stretch;
    int size = (int) Math.ceil(support) * 2 + 1;
    int[] first = new int[outputSize];
    int[] count = new int[outputSize];
    int[] weights = new int[Math.multiplyExact(outputSize, size)];
    double[] exact = new double[size];
    for (int i = 0; i < outputSize; i++) {
      double center = (i + 0.5) * scale;
      first[i] = Math.max(0, (int) (center - support + 0.5));
      count[i] = Math.min(inputSize, (int) (center + support + 0.5)) - first[i];
      double sum = 0;
      for (int k = 0; k < count[i]; k++) {
        exact[k] = cubic((k + first[i] - center + 0.5) * (1.0 / stretch));
        sum += exact[k];
      }
      for (int k = 0; k < count[i]; k++) {
        weights[i * size + k] = fixedPoint(sum == 0 ? exact[k] : exact[k] / sum);
      }
    }
    return new BicubicKernel(size, first, count, weights);
  }

  private static double cubic(double at) {
    double x = Math.abs(at);
    if (x < 1.0) {
      return ((A + 2.0) * x - (A + 3.0)) * x * x + 1;
    }
    return x < SUPPORT ? (((x - 5) * x + 8) * x - 4) * A : 0.0;
  }

  private static int fixedPoint(double weight) {
    double scaled = weight * (1 << PRECISION_BITS);
    return (int) (weight < 0 ? scaled - 0.5 : scaled + 0.5);
  }
}
