package krites.grpo.objective;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Advantages per token, (responses, tokens), from rewards per token.
 *
 * <p>The group rules see the sum of a response's token rewards (outcome supervision) and give every
 * token that counts the same advantage. Rows of one group need not be neighbours.
 */
public final class TokenAdvantages {
  private TokenAdvantages() {}

  /** What happens to a group of one response, which has nothing to be compared with. */
  public enum SingleResponse {
    /** It is an error (EasyR1). */
    REFUSE,
    /** Its advantage is its reward (verl). */
    KEEP_REWARD
  }

  /**
   * Spreads the advantage of each response within its group over its tokens; tokens that do not
   * count get 0.
   *
   * @param rule how a group is compared
   * @param tokenRewards (responses, tokens); all positions are summed, also those that do not
   *     count, as the references do
   * @param mask the tokens that receive the advantage
   * @param groups one key per row; rows with equal keys are a group
   * @param single what to do with a group of one
   * @throws IllegalArgumentException if shapes differ, or a group of one is refused
   */
  public static double[][] byGroup(
      AdvantageRule rule,
      double[][] tokenRewards,
      TokenMask mask,
      List<?> groups,
      SingleResponse single) {
    mask.requireShape(tokenRewards, "token rewards");
    if (groups.size() != tokenRewards.length) {
      throw new IllegalArgumentException(
          groups.size() + " group keys for " + tokenRewards.length + " responses");
    }
    Map<Object, List<Integer>> rowsByGroup = new LinkedHashMap<>();
    for (int i = 0; i < groups.size(); i++) {
      rowsByGroup.computeIfAbsent(groups.get(i), key -> new ArrayList<>()).add(i);
    }
    double[][] advantages = mask.zeros();
    for (List<Integer> rows : rowsByGroup.values()) {
      double[] rewards = rows.stream().mapToDouble(row -> sum(tokenRewards[row])).toArray();
      boolean keep = rewards.length == 1 && single == SingleResponse.KEEP_REWARD;
      double[] ofGroup = keep ? rewards : rule.advantages(rewards);
      for (int k = 0; k < ofGroup.length; k++) {
        spread(ofGroup[k], advantages[rows.get(k)], mask, rows.get(k));
      }
    }
    return advantages;
  }

  /**
   * Discounted sum of the rewards from each token on; it starts again at tokens that do not count.
   *
   * @param gamma discount per token, in [0, 1]
   */
  public static double[][] returns(double[][] tokenRewards, TokenMask mask, double gamma) {
    mask.requireShape(tokenRewards, "token rewards");
    double[][] returns = mask.zeros();
    for (int i = 0; i < returns.length; i++) {
      double running = 0;
      for (int t = returns[i].length - 1; t >= 0; t--) {
        running = tokenRewards[i][t] + gamma * running;
        returns[i][t] = running;
        running = mask.at(i, t) ? running : 0;
      }
    }
    return returns;
  }

  /**
   * Returns, whitened over all tokens of the batch; no groups and no critic.
   *
   * <p>Source: REINFORCE++ (arXiv 2501.03262), {@code
   * compute_reinforce_plus_plus_outcome_advantage} of EasyR1, which whitens the positions that do
   * not count too.
   */
  public static double[][] reinforcePlusPlus(
      double[][] tokenRewards, TokenMask mask, double gamma) {
    return MaskedStatistics.whiten(returns(tokenRewards, mask, gamma), mask);
  }

  /**
   * Puts the KL penalty into the rewards: {@code reward - coefficient * (logProb - refLogProb)} per
   * token.
   *
   * <p>Source: {@code compute_rewards} of EasyR1, the alternative to a KL term in the loss.
   */
  public static double[][] rewardsWithKl(
      double[][] tokenRewards, double[][] logProbs, double[][] refLogProbs, double coefficient) {
    double[][] rewards = new double[tokenRewards.length][];
    for (int i = 0; i < rewards.length; i++) {
      rewards[i] = new double[tokenRewards[i].length];
      for (int t = 0; t < rewards[i].length; t++) {
        rewards[i][t] =
            tokenRewards[i][t]
                - coefficient * KlEstimate.K1.value(logProbs[i][t], refLogProbs[i][t]);
      }
    }
    return rewards;
  }

  private static void spread(double advantage, double[] row, TokenMask mask, int i) {
    for (int t = 0; t < row.length; t++) {
      row[t] = mask.at(i, t) ? advantage : 0;
    }
  }

  private static double sum(double[] row) {
    double sum = 0;
    for (double value : row) {
      sum += value;
    }
    return sum;
  }
}
