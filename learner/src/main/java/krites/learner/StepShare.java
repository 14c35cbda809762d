package krites.learner;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import krites.grpo.TokenBudget;

/**
 * What one member of a learner does of an optimizer step: groups, cut into micro-batches, and the
 * weight of each of their tokens in the loss of the <em>whole</em> step, so that the sum over all
 * members is the loss of one learner.
 *
 * <p>Token weights are those of the micro-batches that one learner would make of all groups. Groups
 * then go to the members by their tokens: the longest first, each to the member that has fewest so
 * far. What a member got is cut into micro-batches of its own.
 */
final class StepShare {
  private StepShare() {}

  /**
   * A group of the step.
   *
   * @param tokens that it feeds
   * @param lengths tokens of each response
   */
  record Size(int tokens, List<Integer> lengths) {
    int targets() {
      return lengths.stream().mapToInt(Integer::intValue).sum();
    }
  }

  /**
   * A micro-batch.
   *
   * @param groups places among those of the step
   * @param weights one per response token, groups and responses one after the other
   */
  record Lot(List<Integer> groups, float[] weights) {}

  /** Cuts and shares out; the same arguments give the same shares to all members. */
  static List<Lot> of(List<Size> groups, TrainerSettings settings, int rank, int members) {
    float[][] weights = weights(groups, settings);
    return cut(groups, share(groups, rank, members), settings.microBatchTokens()).stream()
        .map(lot -> new Lot(lot, joined(lot, weights)))
        .toList();
  }

  /** Token weights of each group. */
  private static float[][] weights(List<Size> groups, TrainerSettings settings) {
    List<Integer> all = IntStream.range(0, groups.size()).boxed().toList();
    List<List<Integer>> lots = cut(groups, all, settings.microBatchTokens());
    long tokens = groups.stream().mapToLong(Size::targets).sum();
    int responses = groups.stream().mapToInt(group -> group.lengths().size()).sum();
    float[][] weights = new float[groups.size()][];
    for (List<Integer> lot : lots) {
      List<Integer> lengths =
          lot.stream().flatMap(group -> groups.get(group).lengths().stream()).toList();
      float[] ofLot =
          settings
              .averaging()
              .of(lengths, lots.size(), tokens, responses, settings.maxResponseTokens());
      int at = 0;
      for (int group : lot) {
        int count = groups.get(group).targets();
        weights[group] = Arrays.copyOfRange(ofLot, at, at + count);
        at += count;
      }
    }
    return weights;
  }

  private static List<List<Integer>> cut(List<Size> groups, List<Integer> some, int most) {
    return TokenBudget.cut(some, group -> groups.get(group).tokens(), most);
  }

  private static float[] joined(List<Integer> lot, float[][] weights) {
    float[] joined = new float[lot.stream().mapToInt(group -> weights[group].length).sum()];
    int at = 0;
    for (int group : lot) {
      System.arraycopy(weights[group], 0, joined, at, weights[group].length);
      at += weights[group].length;
    }
    return joined;
  }

  /** Groups of one member, in the order of the step. */
  static List<Integer> share(List<Size> groups, int rank, int members) {
    List<Integer> longestFirst =
        new ArrayList<>(IntStream.range(0, groups.size()).boxed().toList());
    longestFirst.sort(Comparator.comparingInt(group -> -groups.get(group).tokens()));
    long[] loads = new long[members];
    List<Integer> own = new ArrayList<>();
    for (int group : longestFirst) {
      int least = 0;
      for (int member = 1; member < members; member++) {
        least = loads[member] < loads[least] ? member : least;
      }
      loads[least] += groups.get(group).tokens();
      if (least == rank) {
        own.add(group);
      }
    }
    own.sort(Comparator.naturalOrder());
    return own;
  }
}
