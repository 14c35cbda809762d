package krites.app.run;

/**
 * Where a journal ends, or ended once.
 *
 * @param records whole records
 * @param digest the checksum of the last record, which stands for all of them; see {@link
 *     JournalLine#FIRST} for none
 * @param bytes length of the file up to the end of the last whole record
 * @param tornBytes bytes after that: a line that a crash left unfinished, 0 for none
 */
public record JournalEnd(long records, String digest, long bytes, long tornBytes) {
  /** A journal that has no record yet. */
  public static final JournalEnd EMPTY = new JournalEnd(0, JournalLine.FIRST, 0, 0);
}
