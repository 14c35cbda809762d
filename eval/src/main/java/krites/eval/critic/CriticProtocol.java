package krites.eval.critic;

import krites.grpo.Sampling;

/**
 * How often and how a pair is judged, and what an unread verdict costs.
 *
 * @param votes judgements of a pair; each is shown in an order that a coin draws
 * @param temperature of the judgements; 0 is greedy
 * @param topP as in {@link Sampling}
 * @param bothOrders whether the pair is judged in the other order too, for the consistency alone
 * @param unread what becomes of a pair without a verdict
 */
public record CriticProtocol(
    int votes, float temperature, float topP, boolean bothOrders, Unread unread) {
  /** What an unread verdict costs. */
  public enum Unread {
    /** It counts as wrong. */
    WRONG,

    /** The pair leaves the denominator. */
    DROP
  }

  public CriticProtocol {
    if (votes < 1) {
      throw new IllegalArgumentException("--votes " + votes + ": expected at least 1");
    }
    if (votes > 1 && temperature == 0) {
      throw new IllegalArgumentException(
          "greedy judgements are all the same; name a temperature above 0, or leave --votes at 1");
    }
  }

  /** One greedy judgement in a drawn order, as LLaVA-Critic-R1 evaluates. */
  public static CriticProtocol greedy() {
    return new CriticProtocol(1, 0f, 1f, true, Unread.WRONG);
  }

  /**
   * VL-RewardBench's own: ten judgements, of which the first 1, 3, 5, 7 and 9 vote; a pair without
   * a verdict leaves the denominator.
   *
   * <p>Source: {@code inference_hf.py} and {@code cal.py} of vl-rewardbench/VL_RewardBench.
   */
  public static CriticProtocol official() {
    return new CriticProtocol(10, 0.2f, 0.2f, false, Unread.DROP);
  }

  /** How one judgement is drawn. */
  public Sampling sampling(int maxNewTokens) {
    return temperature == 0
        ? Sampling.greedy(maxNewTokens)
        : new Sampling(1, temperature, topP, 0, 1f, maxNewTokens);
  }
}
