package krites.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import krites.model.torchscript.RawTensors;

/**
 * Keys and values of tokens in a row, (2L, tokens, K * D): a prompt that several responses share,
 * or what one sequence has before it decodes.
 *
 * <p>Owns its memory, a whole number of blocks; the values are not set before they are read into
 * it.
 */
final class Segment implements Reusable {
  private final NDManager owner;
  private final NDArray tensor;
  private final int tokens;
  private final KvBudget budget;

  /** Room for tokens, at least one. */
  Segment(RolloutNetwork network, KvBudget budget, int tokens) {
    budget.take(KvBudget.blocks(tokens));
    this.budget = budget;
    this.tokens = tokens;
    this.owner = network.manager().newSubManager();
    this.tensor =
        RawTensors.empty(
            new long[] {
              2L * network.config().layers(), blocks() * KvBudget.BLOCK_TOKENS, network.width()
            },
            network.precision().scalarType(),
            owner);
  }

  NDArray tensor() {
    return tensor;
  }

  int tokens() {
    return tokens;
  }

  @Override
  public long blocks() {
    return KvBudget.blocks(tokens);
  }

  @Override
  public void close() {
    owner.close();
    budget.give(blocks());
  }
}
