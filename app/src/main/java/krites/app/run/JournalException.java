package krites.app.run;

import java.nio.file.Path;
import krites.app.InputError;

/** A journal that cannot be used; the message names the file, the line, and what to do. */
public final class JournalException extends InputError {
  private static final long serialVersionUID = 1L;

  /** What kind of trouble it is. */
  public enum Kind {
    /** A record was altered, removed, doubled or moved after it was written. */
    DAMAGED,
    /** The records are whole, but not in the language of this version of Krites. */
    FOREIGN
  }

  private final Kind kind;
  private final long line;

  private JournalException(Kind kind, Path file, long line, String trouble, String remedy) {
    super(file + ": line " + line + ": " + trouble + "; " + remedy);
    this.kind = kind;
    this.line = line;
  }

  static JournalException damaged(Path file, long line, String trouble) {
    return new JournalException(
        Kind.DAMAGED,
        file,
        line,
        trouble,
        "the journal was changed after it was written: restore the file from a copy, or start a"
            + " new run");
  }

  static JournalException foreign(Path file, long line, String trouble) {
    return new JournalException(
        Kind.FOREIGN,
        file,
        line,
        trouble,
        "it was written by another version of Krites: use that version for this run");
  }

  public Kind kind() {
    return kind;
  }

  /** Number of the line, from 1. */
  public long line() {
    return line;
  }
}
