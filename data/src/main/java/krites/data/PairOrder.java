package krites.data;

/** Which response of a pair stands first. Where the file does not say, a seeded coin does. */
public enum PairOrder {
  /** As in the file. */
  FILE,
  /** A coin, seeded by the pair. */
  RANDOM
}
