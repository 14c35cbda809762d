package krites.grpo.objective;

/** Works out the factors of a {@link Correction}. */
final class CorrectionFactors {
  /** The factor of one token and how it came about. */
  private record Factor(double value, boolean truncated, boolean masked) {
    static Factor capped(double weight, double cap) {
      return new Factor(Math.min(weight, cap), weight > cap, false);
    }

    static Factor within(double measure, double low, double high, Factor kept) {
      return measure >= low && measure <= high ? kept : new Factor(0, false, true);
    }

    static Factor of(double weight) {
      return new Factor(weight, false, false);
    }
  }

  private CorrectionFactors() {}

  static Correction.Factors of(Correction correction, double[][] logWeights, TokenMask mask) {
    mask.requireShape(logWeights, "log-weights");
    double[][] values = mask.zeros();
    long truncated = 0;
    long masked = 0;
    long maskedResponses = 0;
    for (int i = 0; i < values.length; i++) {
      double sum = sum(logWeights[i], mask, i);
      double product = Math.exp(held(sum));
      double mean = Math.exp(sum / Math.max(1, mask.count(i)));
      long maskedHere = 0;
      for (int t = 0; t < values[i].length; t++) {
        values[i][t] = 1;
        if (mask.at(i, t)) {
          Factor factor = factor(correction, Math.exp(held(logWeights[i][t])), product, mean);
          values[i][t] = factor.value;
          truncated += factor.truncated ? 1 : 0;
          maskedHere += factor.masked ? 1 : 0;
        }
      }
      masked += maskedHere;
      maskedResponses += maskedHere > 0 && maskedHere == mask.count(i) ? 1 : 0;
    }
    return new Correction.Factors(values, truncated, masked, maskedResponses);
  }

  /**
   * The factor of one token.
   *
   * @param own the token's w
   * @param product of all w of its response
   * @param mean their geometric mean
   */
  private static Factor factor(Correction correction, double own, double product, double mean) {
    return switch (correction) {
      case Correction.None() -> Factor.of(1);
      case Correction.TruncatedToken(double cap) -> Factor.capped(own, cap);
      case Correction.TruncatedSequence(double cap) -> Factor.capped(product, cap);
      case Correction.MaskedSequence(double low, double high) ->
          Factor.within(product, low, high, Factor.of(product));
      case Correction.MaskedGeometric(double low, double high, double cap) ->
          Factor.within(mean, low, high, Factor.capped(own, cap));
      case Correction.IcePop(double low, double high) ->
          Factor.within(own, low, high, Factor.of(own));
    };
  }

  private static double sum(double[] logWeights, TokenMask mask, int row) {
    double sum = 0;
    for (int t = 0; t < logWeights.length; t++) {
      sum += mask.at(row, t) ? held(logWeights[t]) : 0;
    }
    return sum;
  }

  private static double held(double logWeight) {
    return Math.clamp(logWeight, -Correction.LOG_LIMIT, Correction.LOG_LIMIT);
  }
}
