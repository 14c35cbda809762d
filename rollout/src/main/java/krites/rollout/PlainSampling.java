package krites.rollout;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import krites.grpo.Sampling;

/**
 * Turns logits into the distribution that the next token is drawn from, in plain arrays: repetition
 * penalty, temperature, top-k, top-p, in this order. A removed token has logit {@code -Infinity}
 * and probability 0.
 *
 * <p>This is the readable twin of the sampler that works on tensors. It knows nothing of sequences,
 * devices or random generators. Source: the logits processors of Hugging Face transformers 4.51
 * ({@code logits_process.py}).
 */
public final class PlainSampling {
  private PlainSampling() {}

  /**
   * Applies all processors.
   *
   * <p>A temperature of 0 keeps the most likely token only (the first of equals), after the
   * repetition penalty.
   *
   * @param logits one per token of the vocabulary; not changed
   * @param seenIds ids of the sequence so far, prompt included: what the repetition penalty acts on
   * @param sampling the settings
   * @return processed logits, same length; at least one is not {@code -Infinity}
   * @throws IllegalArgumentException if the vocabulary is empty or an id lies outside it
   */
  public static float[] process(float[] logits, int[] seenIds, Sampling sampling) {
    if (logits.length == 0) {
      throw new IllegalArgumentException("no logits");
    }
    float[] processed = penalised(logits, seenIds, sampling.repetitionPenalty());
    if (sampling.temperature() == 0) {
      return onlyBest(processed);
    }
    for (int v = 0; v < processed.length; v++) {
      processed[v] /= sampling.temperature();
    }
    keepTopK(processed, sampling.topK());
    keepTopP(processed, sampling.topP());
    return processed;
  }

  /** Softmax; a logit of {@code -Infinity} has probability exactly 0. */
  public static float[] probabilities(float[] logits) {
    float max = logits[argMax(logits)];
    double[] weights = new double[logits.length];
    double total = 0;
    for (int v = 0; v < logits.length; v++) {
      weights[v] = Math.exp((double) logits[v] - max);
      total += weights[v];
    }
    float[] probabilities = new float[logits.length];
    for (int v = 0; v < logits.length; v++) {
      probabilities[v] = (float) (weights[v] / total);
    }
    return probabilities;
  }

  /**
   * Draws a token by inverting the cumulative distribution.
   *
   * @param probabilities non-negative, sum 1 within rounding
   * @param uniform a number in [0, 1) from a random stream
   * @return an id with probability above 0
   */
  public static int draw(float[] probabilities, double uniform) {
    if (!(uniform >= 0 && uniform < 1)) {
      throw new IllegalArgumentException("uniform number " + uniform + " is not in [0, 1)");
    }
    double total = 0;
    for (float probability : probabilities) {
      total += probability;
    }
    double remaining = uniform * total;
    int last = -1;
    for (int v = 0; v < probabilities.length; v++) {
      if (probabilities[v] > 0) {
        last = v;
        remaining -= probabilities[v];
        if (remaining < 0) {
          return v;
        }
      }
    }
    if (last < 0) {
      throw new IllegalArgumentException("no token has a probability above 0");
    }
    return last;
  }

  /** The id of the largest logit, the first of equals. */
  public static int argMax(float[] logits) {
    int best = 0;
    for (int v = 1; v < logits.length; v++) {
      if (logits[v] > logits[best]) {
        best = v;
      }
    }
    return best;
  }

  /**
   * Divides positive and multiplies negative logits of tokens that occurred; how often does not
   * matter.
   */
  private static float[] penalised(float[] logits, int[] seenIds, float penalty) {
    float[] penalised = logits.clone();
    for (int id : seenIds) {
      if (id < 0 || id >= logits.length) {
        throw new IllegalArgumentException(
            "token id " + id + " in a vocabulary of " + logits.length);
      }
      penalised[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
    }
    return penalised;
  }

  private static float[] onlyBest(float[] logits) {
    int best = argMax(logits);
    float[] kept = new float[logits.length];
    Arrays.fill(kept, Float.NEGATIVE_INFINITY);
    kept[best] = logits[best];
    return kept;
  }

  /** Removes what is below the k-th largest logit; equals of the k-th stay. */
  private static void keepTopK(float[] logits, int topK) {
    if (topK == 0 || topK >= logits.length) {
      return;
    }
    float[] sorted = logits.clone();
    Arrays.sort(sorted);
    float threshold = sorted[sorted.length - topK];
    for (int v = 0; v < logits.length; v++) {
      logits[v] = logits[v] < threshold ? Float.NEGATIVE_INFINITY : logits[v];
    }
  }

  /**
   * Removes the least likely tokens as long as they hold at most {@code 1 - topP} together; the
   * best always stays.
   */
  private static void keepTopP(float[] logits, float topP) {
    if (topP >= 1) {
      return;
    }
    float[] probabilities = probabilities(logits);
    int[] ascending =
        IntStream.range(0, logits.length)
            .boxed()
            .sorted(Comparator.comparingDouble(v -> logits[v]))
            .mapToInt(Integer::intValue)
            .toArray();
    float limit = 1 - topP;
    float cumulative = 0;
    for (int rank = 0; rank < ascending.length - 1; rank++) {
      cumulative += probabilities[ascending[rank]];
      if (cumulative > limit) {
        return;
      }
      logits[ascending[rank]] = Float.NEGATIVE_INFINITY;
    }
  }
}
