package krites.grpo.flow;

/**
 * How a training set of two parts is issued: the prompts of the second part are a fixed share of
 * all, spread as evenly as whole prompts allow, so that every step has its share.
 *
 * @param second prompts of the second part, which stand behind those of the first; 0 issues the
 *     whole set in one order
 * @param millionths share of the second part in what is issued, in millionths, so that places are
 *     counted exactly; above 0 and below a million where there are two parts, else 0
 */
public record PromptMix(long second, long millionths) {
  private static final long WHOLE = 1_000_000;

  /** One part, issued in one order. */
  public static final PromptMix NONE = new PromptMix(0, 0);

  public PromptMix {
    boolean none = second == 0 && millionths == 0;
    boolean mixed = second > 0 && millionths > 0 && millionths < WHOLE;
    if (!none && !mixed) {
      throw new IllegalArgumentException(
          "a mix of " + second + " prompts with " + millionths + " millionths is impossible");
    }
  }

  /**
   * Two parts.
   *
   * @param second prompts of the second part, at least 1
   * @param share of the second part, rounded to millionths; above 0 and below 1
   */
  public static PromptMix of(long second, double share) {
    return new PromptMix(second, Math.round(share * WHOLE));
  }

  /** How many of the first {@code places} places belong to the second part. */
  long secondAmong(long places) {
    long millions = places / WHOLE;
    return millions * millionths + places % WHOLE * millionths / WHOLE;
  }
}
