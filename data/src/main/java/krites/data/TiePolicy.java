package krites.data;

/** What happens to a pair that nobody preferred a side of. */
public enum TiePolicy {
  /** It is left out and counted. */
  DROP,
  /** It counts as damaged. */
  REFUSE,
  /** {@code tie} is a third answer, which every prompt of the data set offers. */
  TRAIN,
  /** The response that is shown first counts as the better one. */
  MAP_FIRST,
  /** The response that is shown second counts as the better one. */
  MAP_SECOND,
  /** A coin, seeded by the pair, says which one counts as the better one. */
  MAP_RANDOM
}
