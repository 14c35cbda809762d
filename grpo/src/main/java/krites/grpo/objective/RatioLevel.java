package krites.grpo.objective;

import java.util.Arrays;

/** Whether each token has its own probability ratio or a response has one. */
public enum RatioLevel {
  /** Each token its own (PPO, GRPO). */
  TOKEN,
  /**
   * The geometric mean over the response, also in the gradient. Source: GSPO (arXiv 2507.18071),
   * equation 7.
   */
  SEQUENCE,
  /**
   * The value of {@link #SEQUENCE}, the gradient of {@link #TOKEN}. Source: GSPO-token, equation
   * 14.
   */
  SEQUENCE_VALUE_TOKEN_GRADIENT;

  /** The log-ratio that each token of a row uses, from the tokens' own. */
  double[] logRatios(double[] ownLogRatios, TokenMask mask, int row) {
    if (this == TOKEN) {
      return ownLogRatios;
    }
    double sum = 0;
    for (int t = 0; t < ownLogRatios.length; t++) {
      sum += mask.at(row, t) ? ownLogRatios[t] : 0;
    }
    double[] ratios = new double[ownLogRatios.length];
    Arrays.fill(ratios, sum / (mask.count(row) + MaskedStatistics.EPSILON));
    return ratios;
  }

  /**
   * Turns derivatives with respect to the used log-ratios into derivatives with respect to the
   * tokens' own.
   */
  double[] gradient(double[] slopes, TokenMask mask, int row) {
    return switch (this) {
      case TOKEN, SEQUENCE_VALUE_TOKEN_GRADIENT -> slopes;
      case SEQUENCE -> {
        double share = Arrays.stream(slopes).sum() / (mask.count(row) + MaskedStatistics.EPSILON);
        double[] gradient = new double[slopes.length];
        for (int t = 0; t < gradient.length; t++) {
          gradient[t] = mask.at(row, t) ? share : 0;
        }
        yield gradient;
      }
    };
  }
}
