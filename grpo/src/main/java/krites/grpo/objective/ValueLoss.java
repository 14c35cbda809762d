package krites.grpo.objective;

/**
 * Clipped squared error of a value head, for estimators with a critic: half the mean of {@code
 * max((v - R)^2, (clip(v, old - c, old + c) - R)^2)}.
 *
 * <p>Source: PPO (arXiv 1707.06347), {@code compute_value_loss} of EasyR1.
 *
 * @param value the aggregated loss
 * @param gradient derivative with respect to each prediction, (responses, tokens)
 * @param clipFraction share of tokens at which the clipped error is larger
 * @param predictionMean masked mean of the predictions
 */
public record ValueLoss(
    double value, double[][] gradient, double clipFraction, double predictionMean) {
  /**
   * Evaluates the loss; all tables have the shape of the mask.
   *
   * @param predictions values predicted now
   * @param oldPredictions values predicted before the step
   * @param returns what was to be predicted
   * @param clip how far a prediction may move in one step
   */
  public static ValueLoss evaluate(
      double[][] predictions,
      double[][] oldPredictions,
      double[][] returns,
      TokenMask mask,
      double clip,
      Aggregation aggregation) {
    mask.requireShape(predictions, "predictions");
    mask.requireShape(oldPredictions, "old predictions");
    mask.requireShape(returns, "returns");
    double[][] weights = aggregation.weights(mask);
    double[][] gradient = mask.zeros();
    double value = 0;
    double clipped = 0;
    for (int i = 0; i < gradient.length; i++) {
      for (int t = 0; t < gradient[i].length; t++) {
        if (mask.at(i, t)) {
          TokenTerm term = term(predictions[i][t], oldPredictions[i][t], returns[i][t], clip);
          value += 0.5 * weights[i][t] * term.loss();
          gradient[i][t] = 0.5 * weights[i][t] * term.slope();
          clipped += term.clippedHigh() ? 1 : 0;
        }
      }
    }
    double clipFraction = clipped / (mask.count() + MaskedStatistics.EPSILON);
    return new ValueLoss(value, gradient, clipFraction, MaskedStatistics.mean(predictions, mask));
  }

  private static TokenTerm term(double prediction, double old, double target, double clip) {
    double error = prediction - target;
    double held = Math.min(Math.max(prediction, old - clip), old + clip);
    double heldError = held - target;
    boolean inside = held == prediction;
    TokenTerm free = new TokenTerm(error * error, 2 * error, false, false);
    TokenTerm kept = new TokenTerm(heldError * heldError, inside ? 2 * heldError : 0, true, false);
    return TokenTerm.larger(free, kept);
  }
}
