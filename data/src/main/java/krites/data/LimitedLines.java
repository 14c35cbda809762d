package krites.data;

import java.io.IOException;
import java.io.Reader;

/** The lines of a text, none of which is taken into memory beyond a limit. */
final class LimitedLines {
  /** Letters; pictures are named and not held, so a row of real data has a few thousand. */
  static final int LONGEST = 4 << 20;

  private final Reader reader;
  private final StringBuilder line = new StringBuilder();
  private boolean tooLong;
  private boolean afterReturn;

  LimitedLines(Reader reader) {
    this.reader = reader;
  }

  /** Reads the next line; false at the end. A line that is too long is read no further. */
  boolean next() throws IOException {
    line.setLength(0);
    for (int c = reader.read(); c >= 0; c = reader.read()) {
      boolean secondHalf = c == '\n' && afterReturn;
      afterReturn = c == '\r';
      if (secondHalf) {
        continue;
      }
      if (c == '\n' || c == '\r') {
        return true;
      }
      if (line.length() == LONGEST) {
        tooLong = true;
        return true;
      }
      line.append((char) c);
    }
    return !line.isEmpty();
  }

  /** Whether the line does not end within the limit. */
  boolean tooLong() {
    return tooLong;
  }

  /** The line, without its end. */
  String line() {
    return line.toString();
  }
}
