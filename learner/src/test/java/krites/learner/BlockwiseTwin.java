package krites.learner;

/**
 * Block-wise quantization in plain arrays: the code of a value is the nearest number of the book
 * after division by the largest magnitude of its block.
 */
record BlockwiseTwin(int[] codes, float[] scales) {
  static BlockwiseTwin of(float[] values, float[] book) {
    float[] scales = new float[(values.length + MomentCodes.BLOCK - 1) / MomentCodes.BLOCK];
    int[] codes = new int[values.length];
    for (int block = 0; block < scales.length; block++) {
      scales[block] = scale(values, block);
    }
    float[] middles = MomentCodes.middles(book);
    for (int i = 0; i < values.length; i++) {
      float scale = scales[i / MomentCodes.BLOCK];
      float share = values[i] / (scale > 0 ? scale : 1);
      while (codes[i] < middles.length && share > middles[codes[i]]) {
        codes[i]++;
      }
    }
    return new BlockwiseTwin(codes, scales);
  }

  static float scale(float[] values, int block) {
    float largest = 0;
    int end = Math.min(values.length, (block + 1) * MomentCodes.BLOCK);
    for (int i = block * MomentCodes.BLOCK; i < end; i++) {
      largest = Math.max(largest, Math.abs(values[i]));
    }
    return largest;
  }

  float[] values(float[] book) {
    float[] values = new float[codes.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = book[codes[i]] * scales[i / MomentCodes.BLOCK];
    }
    return values;
  }
}
