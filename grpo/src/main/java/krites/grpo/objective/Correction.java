package krites.grpo.objective;

/**
 * What becomes of tokens whose sampling policy is not the proximal one: a factor on each policy
 * loss, constant for the gradient, made of {@code w = exp(proximal - behaviour)}.
 *
 * <p>A masked token has factor 0. It still counts in the average, so masking some tokens does not
 * raise the weight of the others, and its divergence from the reference still acts on it. Logs of
 * weights, of tokens and of products, are held within ±{@value #LOG_LIMIT} before the exponential.
 */
public sealed interface Correction {
  /** Largest absolute log of a weight; {@code e^20} is far beyond every cap in use. */
  double LOG_LIMIT = 20;

  /** Factor 1 everywhere. */
  record None() implements Correction {}

  /**
   * {@code min(w, cap)} per token: truncated importance sampling.
   *
   * <p>Source: truncation of IMPALA (arXiv 1802.01561); a cap of 2 is the default of verl's rollout
   * correction.
   *
   * @param cap at least 1, infinite for none
   */
  record TruncatedToken(double cap) implements Correction {
    public TruncatedToken {
      requireCap(cap);
    }
  }

  /**
   * {@code min(product of the response's w, cap)} on each of its tokens: the importance weight of
   * the response as a whole.
   *
   * @param cap at least 1, infinite for none
   */
  record TruncatedSequence(double cap) implements Correction {
    public TruncatedSequence {
      requireCap(cap);
    }
  }

  /**
   * The product of the response's w where it lies within the bounds, else 0: masked importance
   * sampling. A product shrinks or grows with the length of the response.
   *
   * @param low least product kept, at most 1
   * @param high largest product kept, at least 1
   */
  record MaskedSequence(double low, double high) implements Correction {
    public MaskedSequence {
      requireBounds(low, high);
    }
  }

  /**
   * {@code min(w, cap)} per token where the geometric mean of the response's w lies within the
   * bounds, else 0: rejection of whole responses whatever their length, truncation inside those
   * that are kept.
   *
   * @param low least mean kept, at most 1
   * @param high largest mean kept, at least 1
   * @param cap at least 1, infinite for none
   */
  record MaskedGeometric(double low, double high, double cap) implements Correction {
    public MaskedGeometric {
      requireBounds(low, high);
      requireCap(cap);
    }
  }

  /**
   * {@code w} per token where it lies within the bounds, else 0.
   *
   * <p>Source: IcePop (Ring-1T, arXiv 2510.18855), the variant that keeps the weight of the tokens
   * inside; both bounds belong to the inside.
   *
   * @param low least weight kept, at most 1
   * @param high largest weight kept, at least 1
   */
  record IcePop(double low, double high) implements Correction {
    public IcePop {
      requireBounds(low, high);
    }
  }

  /**
   * Factors of a batch with what there is to report.
   *
   * @param values one factor per token, (responses, tokens); 1 where the mask is false
   * @param truncatedTokens tokens whose factor a cap held
   * @param maskedTokens tokens with factor 0 because of a bound
   * @param maskedResponses responses of which no token is left
   */
  record Factors(
      double[][] values, long truncatedTokens, long maskedTokens, long maskedResponses) {}

  /**
   * The factors of a batch.
   *
   * @param logWeights log of w, (responses, tokens); 0 for tokens that are left as they are
   */
  default Factors factors(double[][] logWeights, TokenMask mask) {
    return CorrectionFactors.of(this, logWeights, mask);
  }

  private static void requireCap(double cap) {
    if (!(cap >= 1)) {
      throw new IllegalArgumentException("importance weight cap " + cap + " is below 1");
    }
  }

  private static void requireBounds(double low, double high) {
    if (!(low >= 0 && low <= 1) || !(high >= 1)) {
      throw new IllegalArgumentException(
          "importance weight bounds " + low + " (0 to 1) and " + high + " (at least 1)");
    }
  }
}
