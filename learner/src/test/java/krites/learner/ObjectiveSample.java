package krites.learner;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import krites.grpo.objective.Aggregation;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.TokenMask;

/**
 * Random tokens of a few responses of unequal length, once flat for tensors and once as tables for
 * the plain oracle; both hold the same float32 numbers.
 */
record ObjectiveSample(
    List<Integer> lengths,
    float[] logProbs,
    float[] advantages,
    float[] behaviour,
    float[] staleness,
    float[] old,
    float[] reference) {
  /** Length limit that the constant-length average divides by. */
  static final int MAX_TOKENS = 9;

  /** Tokens around clips, caps and bounds; every second seed has no log-probs from before. */
  static ObjectiveSample random(long seed) {
    Random random = new Random(seed);
    List<Integer> lengths = new ArrayList<>();
    int tokens = 0;
    for (int i = 0; i < 5; i++) {
      lengths.add(1 + random.nextInt(7));
      tokens += lengths.getLast();
    }
    float[][] columns = new float[6][tokens];
    int at = 0;
    for (int length : lengths) {
      float advantage = (float) random.nextGaussian();
      for (int t = 0; t < length; t++) {
        float start = (float) (-3 * random.nextDouble());
        columns[0][at] = (float) (start + 0.4 * random.nextGaussian());
        columns[1][at] = advantage;
        columns[2][at] = (float) (start + 0.5 * random.nextGaussian());
        columns[3][at] = random.nextInt(4);
        columns[4][at] = start;
        columns[5][at] = (float) (start + random.nextGaussian());
        at++;
      }
    }
    return new ObjectiveSample(
        lengths,
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        seed % 2 == 0 ? columns[4] : new float[0],
        columns[5]);
  }

  int tokens() {
    return logProbs.length;
  }

  PolicyTargets targets(float[] weights) {
    return new PolicyTargets(lengths, advantages, behaviour, staleness, old, reference, weights);
  }

  /** Weights of one micro-batch that is the whole step. */
  float[] weights(TokenWeights averaging) {
    return averaging.of(lengths, 1, tokens(), lengths.size(), MAX_TOKENS);
  }

  /** The plain rule of the same meaning. */
  Aggregation aggregation(TokenWeights averaging) {
    return switch (averaging) {
      case MICRO_BATCH_TOKEN_MEAN -> new Aggregation.TokenMean();
      case TOKEN_MEAN -> new Aggregation.GlobalTokenMean(tokens(), 1);
      case SEQUENCE_MEAN ->
          new Aggregation.SequenceMean(
              Aggregation.Within.MEAN, new Aggregation.Rows.Global(lengths.size(), 1));
      case CONSTANT_LENGTH -> new Aggregation.ConstantLength((double) lengths.size() * MAX_TOKENS);
    };
  }

  TokenMask mask() {
    boolean[][] rows = new boolean[lengths.size()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new boolean[lengths.get(i)];
      Arrays.fill(rows[i], true);
    }
    return TokenMask.of(rows);
  }

  DecoupledObjective.Tokens plain() {
    return new DecoupledObjective.Tokens(
        table(logProbs),
        table(behaviour),
        table(old.length == 0 ? logProbs : old),
        table(staleness),
        table(advantages),
        mask());
  }

  /** A column as a table (responses, tokens). */
  double[][] table(float[] column) {
    double[][] table = new double[lengths.size()][];
    int at = 0;
    for (int i = 0; i < table.length; i++) {
      table[i] = new double[lengths.get(i)];
      for (int t = 0; t < table[i].length; t++) {
        table[i][t] = column[at++];
      }
    }
    return table;
  }

  /** The same responses, the last one first. */
  ObjectiveSample reversed() {
    return new ObjectiveSample(
        lengths.reversed(),
        reversed(logProbs),
        reversed(advantages),
        reversed(behaviour),
        reversed(staleness),
        old.length == 0 ? old : reversed(old),
        reversed(reference));
  }

  /** A column with its responses in the opposite order. */
  float[] reversed(float[] column) {
    float[] reversed = new float[column.length];
    int from = 0;
    int to = column.length;
    for (int length : lengths) {
      to -= length;
      System.arraycopy(column, from, reversed, to, length);
      from += length;
    }
    return reversed;
  }
}
