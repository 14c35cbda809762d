package krites.data.table;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** The lines of a file as bytes, none of which is taken into memory beyond a limit. */
final class LimitedLines {
  /** A row of real data has a few thousand bytes, and with a picture inside a few million. */
  static final int LONGEST = 16 << 20;

  private final InputStream in;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private long read;
  private long offset;
  private long number;
  private boolean blank;
  private boolean tooLong;
  private boolean afterReturn;

  /**
   * @param offset of the first byte of the stream in its file
   */
  LimitedLines(InputStream in, long offset) {
    this.in = in;
    this.read = offset;
  }

  /** Reads the next line; false at the end. Of a line that is too long, the rest is passed over. */
  boolean next() throws IOException {
    line.reset();
    blank = true;
    tooLong = false;
    boolean any = false;
    offset = read;
    for (int b = in.read(); b >= 0; b = in.read()) {
      read++;
      boolean secondHalf = b == '\n' && afterReturn;
      afterReturn = b == '\r';
      if (secondHalf) {
        offset = read;
        continue;
      }
      any = true;
      if (b == '\n' || b == '\r') {
        break;
      }
      blank &= b == ' ' || b == '\t';
      if (line.size() == LONGEST) {
        tooLong = true;
      } else {
        line.write(b);
      }
    }
    number += any ? 1 : 0;
    return any;
  }

  /** Whether the line does not end within the limit. */
  boolean tooLong() {
    return tooLong;
  }

  /** Whether the line holds nothing but spaces. */
  boolean isBlank() {
    return blank;
  }

  /** The line, without its end. */
  byte[] bytes() {
    return line.toByteArray();
  }

  /** Number of the line, from 1. */
  long number() {
    return number;
  }

  /** Where the line begins in the file. */
  long offset() {
    return offset;
  }

  /** Where the reading stands in the file. */
  long read() {
    return read;
  }
}
