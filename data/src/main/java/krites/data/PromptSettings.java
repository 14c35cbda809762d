package krites.data;

/**
 * How samples become prompts.
 *
 * @param instruction last sentence of every prompt
 * @param bothOrders whether a pair is shown twice, the second time with its responses exchanged
 * @param seed of the coins
 */
public record PromptSettings(
    String instruction, TiePolicy ties, PairOrder order, boolean bothOrders, long seed) {

  /** Every pair once, in the order of its file. */
  public static PromptSettings of(String instruction, TiePolicy ties) {
    return new PromptSettings(instruction, ties, PairOrder.FILE, false, 0);
  }
}
