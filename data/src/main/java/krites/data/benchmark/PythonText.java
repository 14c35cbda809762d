package krites.data.benchmark;

/** What Python takes for white space, which is more than {@link String#strip} does. */
final class PythonText {
  private PythonText() {}

  /** What {@code str.strip()} leaves. */
  static String strip(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (to > from && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  /** Java's two kinds of white space, with and without no-break spaces, and the next-line sign. */
  static boolean isSpace(char letter) {
    return Character.isWhitespace(letter) || Character.isSpaceChar(letter) || letter == 0x85;
  }
}
