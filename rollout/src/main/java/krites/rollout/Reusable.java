package krites.rollout;

/** Memory that was filled under one version of the weights and may be wanted again. */
sealed interface Reusable extends AutoCloseable permits Segment, Embedding {
  /** Blocks that it holds in the account. */
  long blocks();

  @Override
  void close();
}
