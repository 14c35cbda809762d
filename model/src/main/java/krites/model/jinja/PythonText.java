package krites.model.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's methods of texts, where Java's differ. */
final class PythonText {
  private PythonText() {}

  /** Without the letters of {@code letters} at its ends; without white space if that is empty. */
  static String strip(String text, String letters, boolean left, boolean right) {
    int from = 0;
    int to = text.length();
    while (left && from < to && strips(text.charAt(from), letters)) {
      from++;
    }
    while (right && to > from && strips(text.charAt(to - 1), letters)) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean strips(char c, String letters) {
    return letters.isEmpty() ? isSpace(c) : letters.indexOf(c) >= 0;
  }

  /** Python's white space: Java's, and the spaces that do not break, and U+0085. */
  static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  /** The parts between runs of white space. */
  static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    int from = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || isSpace(text.charAt(i))) {
        if (i > from) {
          words.add(text.substring(from, i));
        }
        from = i + 1;
      }
    }
    return words;
  }

  /**
   * The parts between separators.
   *
   * @param most separators that count; all if negative
   */
  static List<String> split(String text, String separator, long most) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(separator);
        at >= 0 && (most < 0 || parts.size() < most);
        at = text.indexOf(separator, from)) {
      parts.add(text.substring(from, at));
      from = at + separator.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  /** How often a text stands in another; an empty one between all letters. */
  static long count(String text, String part) {
    if (part.isEmpty()) {
      return text.length() + 1L;
    }
    long count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }
}
