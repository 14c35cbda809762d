package krites.model.plain;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;

/** The formulas that vision tower and decoder share. */
final class PlainLayers {
  private PlainLayers() {}

  static NDArray linear(NDArray x, NDArray weight) {
    return Linear.linear(x, weight).singletonOrThrow();
  }

  static NDArray linear(NDArray x, NDArray weight, NDArray bias) {
    return Linear.linear(x, weight, bias).singletonOrThrow();
  }

  /** RMSNorm over the last axis (arXiv 1910.07467). */
  static NDArray norm(NDArray x, NDArray weight, double epsilon) {
    NDArray meanSquare = x.square().mean(new int[] {-1}, true);
    return x.div(meanSquare.add((float) epsilon).sqrt()).mul(weight);
  }

  static NDArray silu(NDArray x) {
    return x.mul(ai.djl.nn.Activation.sigmoid(x));
  }

  /** Rotary embedding: {@code x * cos + rotateHalf(x) * sin} over the last axis. */
  static NDArray rotate(NDArray x, NDArray cos, NDArray sin) {
    int last = x.getShape().dimension() - 1;
    NDList halves = x.split(2, last);
    NDArray turned = NDArrays.concat(new NDList(halves.get(1).neg(), halves.get(0)), last);
    return x.mul(cos).add(turned.mul(sin));
  }

  /**
   * Softmax attention, written out.
   *
   * @param q (B, heads, T, D)
   * @param k (B, heads, S, D), as {@code v}
   * @param bias (B or 1, 1, T or 1, S): 0 where a token may look, minus infinity where not
   */
  static NDArray attention(NDArray q, NDArray k, NDArray v, NDArray bias) {
    double scale = 1 / Math.sqrt(q.getShape().get(3));
    NDArray scores = q.matMul(k.swapAxes(2, 3)).mul((float) scale).add(bias);
    return scores.softmax(-1).matMul(v);
  }

  /** 0 where {@code seen}, minus infinity elsewhere. */
  static NDArray bias(boolean[] seen, Shape shape, NDManager manager) {
    float[] values = new float[seen.length];
    for (int i = 0; i < seen.length; i++) {
      values[i] = seen[i] ? 0f : Float.NEGATIVE_INFINITY;
    }
    return manager.create(values, shape);
  }

  /** {@code theta^(-2i/size)} for i below size / 2. */
  static float[] inverseFrequencies(int size, double theta) {
    float[] values = new float[size / 2];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1f / (float) Math.pow(theta, 2f * i / size);
    }
    return values;
  }
}
