package krites.rollout;

import ai.djl.ndarray.NDArray;

/** What the vision tower made of an image, (tokens, H); owns its memory. */
record Embedding(NDArray tensor, KvBudget budget, long blocks) implements Reusable {
  Embedding {
    budget.take(blocks);
  }

  @Override
  public void close() {
    tensor.close();
    budget.give(blocks);
  }
}
