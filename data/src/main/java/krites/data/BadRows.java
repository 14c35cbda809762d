package krites.data;

/** What happens when a row is damaged. */
public enum BadRows {
  /** The reading ends with a {@link DatasetException} that names the row. */
  STOP,
  /** The row is left out and counted. */
  SKIP
}
