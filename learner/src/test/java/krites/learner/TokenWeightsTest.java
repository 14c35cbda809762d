package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import krites.grpo.objective.Aggregation;
import krites.grpo.objective.TokenMask;
import org.junit.jupiter.api.Test;

/** The weights of a step cut into micro-batches against the plain averages of the whole step. */
class TokenWeightsTest {
  private static final int MAX_TOKENS = 12;

  @Test
  void theWeightedSumOverMicroBatchesIsThePlainAverage() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<List<Integer>> cut = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(4); i++) {
        List<Integer> lengths = new ArrayList<>();
        for (int r = 0; r <= random.nextInt(5); r++) {
          lengths.add(1 + random.nextInt(MAX_TOKENS));
        }
        cut.add(lengths);
      }
      List<Integer> all = cut.stream().flatMap(List::stream).toList();
      double[][] losses = losses(all, random);
      for (TokenWeights averaging : TokenWeights.values()) {
        assertEquals(
            plain(averaging, cut, all, losses),
            weighted(averaging, cut, all, losses),
            1e-5,
            averaging + " seed " + seed + " " + cut);
      }
    }
  }

  private static double weighted(
      TokenWeights averaging, List<List<Integer>> cut, List<Integer> all, double[][] losses) {
    int tokens = all.stream().mapToInt(Integer::intValue).sum();
    double sum = 0;
    int row = 0;
    for (List<Integer> lengths : cut) {
      float[] weights = averaging.of(lengths, cut.size(), tokens, all.size(), MAX_TOKENS);
      int at = 0;
      for (int length : lengths) {
        for (int t = 0; t < length; t++) {
          sum += weights[at++] * losses[row][t];
        }
        row++;
      }
    }
    return sum;
  }

  private static double plain(
      TokenWeights averaging, List<List<Integer>> cut, List<Integer> all, double[][] losses) {
    int tokens = all.stream().mapToInt(Integer::intValue).sum();
    return switch (averaging) {
      case MICRO_BATCH_TOKEN_MEAN -> {
        double sum = 0;
        int row = 0;
        for (List<Integer> lengths : cut) {
          double[][] own = Arrays.copyOfRange(losses, row, row + lengths.size());
          sum += new Aggregation.TokenMean().apply(own, mask(own));
          row += lengths.size();
        }
        yield sum / cut.size();
      }
      case TOKEN_MEAN -> new Aggregation.GlobalTokenMean(tokens, 1).apply(losses, mask(losses));
      case SEQUENCE_MEAN ->
          new Aggregation.SequenceMean(
                  Aggregation.Within.MEAN, new Aggregation.Rows.Global(all.size(), 1))
              .apply(losses, mask(losses));
      case CONSTANT_LENGTH ->
          new Aggregation.ConstantLength((double) all.size() * MAX_TOKENS)
              .apply(losses, mask(losses));
    };
  }

  private static double[][] losses(List<Integer> lengths, Random random) {
    double[][] losses = new double[lengths.size()][];
    for (int i = 0; i < losses.length; i++) {
      losses[i] = random.doubles(lengths.get(i), -2, 2).toArray();
    }
    return losses;
  }

  private static TokenMask mask(double[][] losses) {
    boolean[][] rows = new boolean[losses.length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new boolean[losses[i].length];
      Arrays.fill(rows[i], true);
    }
    return TokenMask.of(rows);
  }
}
