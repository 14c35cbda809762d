package krites.grpo.objective;

/**
 * How token losses become one number. Every rule is linear, so it is given by one weight per token:
 * the loss is the sum of weight times token loss, and the gradient of the loss with respect to a
 * token loss is that weight.
 */
public sealed interface Aggregation {
  /**
   * Mean over the tokens of this micro-batch: {@code average_loss(mode=token)} of EasyR1, the
   * published recipe.
   */
  record TokenMean() implements Aggregation {}

  /**
   * Mean over the tokens of the whole batch of which this micro-batch is a part, so that
   * accumulated micro-batches equal one large one. Source: {@code agg_loss(token-mean,
   * batch_num_tokens, dp_size)} of verl.
   *
   * @param tokens tokens of the whole batch that count
   * @param workers data-parallel workers whose gradients are averaged afterwards; 1 if none
   */
  record GlobalTokenMean(long tokens, int workers) implements Aggregation {
    public GlobalTokenMean {
      if (tokens < 1 || workers < 1) {
        throw new IllegalArgumentException(
            "global token mean over " + tokens + " tokens, " + workers + " workers");
      }
    }
  }

  /**
   * Mean over responses of the sum or mean within each; {@code seq} of EasyR1, {@code seq-mean-*}
   * of verl.
   */
  record SequenceMean(Within within, Rows rows) implements Aggregation {}

  /**
   * Sum of all token losses over a constant, so that long answers do not dilute themselves.
   *
   * <p>Source: Dr. GRPO (arXiv 2503.20783); {@code seq-mean-token-sum-norm} of verl, whose constant
   * is by default the padded response length.
   *
   * @param constant what the sum is divided by, for example the longest response allowed
   */
  record ConstantLength(double constant) implements Aggregation {
    public ConstantLength {
      if (!(constant > 0)) {
        throw new IllegalArgumentException("constant length " + constant + " is not above 0");
      }
    }
  }

  /** What is taken inside one response. */
  enum Within {
    SUM,
    MEAN
  }

  /** What the mean over responses divides by. */
  sealed interface Rows {
    /** All rows of this micro-batch, also those in which nothing counts (EasyR1). */
    record Every() implements Rows {}

    /** The rows in which something counts (verl). */
    record NonEmpty() implements Rows {}

    /**
     * The responses of the whole batch, with the number of workers whose gradients are averaged
     * (verl).
     */
    record Global(long sequences, int workers) implements Rows {
      public Global {
        if (sequences < 1 || workers < 1) {
          throw new IllegalArgumentException(
              "mean over " + sequences + " sequences, " + workers + " workers");
        }
      }
    }
  }

  /** One weight per token, in the shape of the mask; zero where the mask is. */
  default double[][] weights(TokenMask mask) {
    double[][] weights = mask.zeros();
    for (int i = 0; i < weights.length; i++) {
      double weight = rowWeight(mask, i);
      for (int t = 0; t < weights[i].length; t++) {
        weights[i][t] = mask.at(i, t) ? weight : 0;
      }
    }
    return weights;
  }

  /** The aggregated loss of a table of token losses; tokens that do not count may hold anything. */
  default double apply(double[][] tokenLosses, TokenMask mask) {
    mask.requireShape(tokenLosses, "token losses");
    double[][] weights = weights(mask);
    double loss = 0;
    for (int i = 0; i < weights.length; i++) {
      for (int t = 0; t < weights[i].length; t++) {
        loss += mask.at(i, t) ? weights[i][t] * tokenLosses[i][t] : 0;
      }
    }
    return loss;
  }

  private double rowWeight(TokenMask mask, int row) {
    return switch (this) {
      case TokenMean() -> 1 / (mask.count() + MaskedStatistics.EPSILON);
      case GlobalTokenMean(long tokens, int workers) -> (double) workers / tokens;
      case ConstantLength(double constant) -> 1 / constant;
      case SequenceMean(Within within, Rows rows) -> {
        double length =
            switch (within) {
              case SUM -> 1;
              case MEAN -> mask.count(row) + MaskedStatistics.EPSILON;
            };
        yield shareOfRow(rows, mask) / length;
      }
    };
  }

  private static double shareOfRow(Rows rows, TokenMask mask) {
    return switch (rows) {
      case Rows.Every() -> 1.0 / mask.rows();
      case Rows.NonEmpty() -> 1.0 / Math.max(1, mask.nonEmptyRows());
      case Rows.Global(long sequences, int workers) -> (double) workers / sequences;
    };
  }
}
