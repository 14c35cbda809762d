package krites.model.tokenizer;

/**
 * Bytes in, whole characters out. Bytes that cannot become a character give the replacement
 * character, one for each longest beginning of a character, as {@code String::from_utf8_lossy} of
 * the tokenizer library counts them (Unicode, chapter 3, "maximal subparts"); Java's own decoder
 * counts surrogates differently.
 */
final class Utf8Stream {
  private static final char REPLACEMENT = '\uFFFD';

  private int codePoint;

  /** Bytes still missing of the character that has begun. */
  private int missing;

  /** What the next byte may be: narrower than 0x80 to 0xBF after some first bytes. */
  private int low = 0x80;

  private int high = 0xBF;

  /** Takes one byte, and appends what is whole now. */
  void accept(byte signed, StringBuilder out) {
    int value = signed & 0xFF;
    if (missing > 0 && (value < low || value > high)) {
      missing = 0;
      out.append(REPLACEMENT);
    }
    if (missing == 0) {
      begin(value, out);
    } else {
      low = 0x80;
      high = 0xBF;
      codePoint = codePoint << 6 | value & 0x3F;
      missing--;
      if (missing == 0) {
        out.appendCodePoint(codePoint);
      }
    }
  }

  private void begin(int value, StringBuilder out) {
    low = 0x80;
    high = 0xBF;
    if (value < 0x80) {
      out.append((char) value);
    } else if (value >= 0xC2 && value <= 0xDF) {
      expect(1, value & 0x1F);
    } else if (value >= 0xE0 && value <= 0xEF) {
      low = value == 0xE0 ? 0xA0 : low; // shorter forms exist
      high = value == 0xED ? 0x9F : high; // surrogates are no characters
      expect(2, value & 0x0F);
    } else if (value >= 0xF0 && value <= 0xF4) {
      low = value == 0xF0 ? 0x90 : low;
      high = value == 0xF4 ? 0x8F : high; // the last character is U+10FFFF
      expect(3, value & 0x07);
    } else {
      out.append(REPLACEMENT);
    }
  }

  private void expect(int bytes, int firstBits) {
    missing = bytes;
    codePoint = firstBits;
  }

  /** Ends the bytes: an unfinished character becomes the replacement character. */
  void finish(StringBuilder out) {
    if (missing > 0) {
      missing = 0;
      out.append(REPLACEMENT);
    }
  }
}
