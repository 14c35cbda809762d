package krites.data;

/** What happens to a pair that nobody preferred a side of; its label cannot be boxed as 1 or 2. */
public enum TiePolicy {
  /** It is left out and counted. */
  DROP,
  /** It stops the reading with a {@link DatasetException}. */
  REFUSE
}
