package krites.data.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a list of texts as Python prints it: {@code ['a', "b's"]}. Some data sets hold their lists
 * so, in a column of texts.
 *
 * <p>An item that is a number, a word of Python or a list stands for the text that Python prints of
 * it, which is the one that is there. As in Python an unknown escape is the backslash and the
 * letter. What Python would read but never prints, such as two texts side by side, is refused.
 */
final class PythonList {
  private static final Pattern NUMBER_OR_WORD =
      Pattern.compile("-?[0-9]+(?:\\.[0-9]+)?(?:e[+-][0-9]+)?|True|False|None");

  /** Lists in lists; none in the data has more than one, and each is a call on the stack. */
  private static final int DEPTH_MAX = 20;

  private final String text;
  private int next;
  private int depth;

  private PythonList(String text) {
    this.text = text;
  }

  /**
   * The texts of a list.
   *
   * @throws IllegalArgumentException naming the place, counted from 1
   */
  static List<String> read(String text) {
    PythonList reader = new PythonList(text);
    reader.skipSpace();
    List<String> items = reader.list();
    reader.skipSpace();
    if (reader.next < text.length()) {
      throw reader.trouble("the end");
    }
    return items;
  }

  private List<String> list() {
    List<String> items = new ArrayList<>();
    expect('[');
    if (++depth > DEPTH_MAX) {
      throw trouble("no list so deep");
    }
    skipSpace();
    while (!at(']')) {
      items.add(item());
      skipSpace();
      if (!at(']')) {
        expect(',');
        skipSpace();
      }
    }
    expect(']');
    depth--;
    return items;
  }

  private String item() {
    return at('\'') || at('"') ? quoted() : printed();
  }

  private String printed() {
    int from = next;
    if (at('[')) {
      list();
      return text.substring(from, next);
    }
    Matcher other = NUMBER_OR_WORD.matcher(text).region(next, text.length());
    if (!other.lookingAt()) {
      throw trouble("a text in quotes");
    }
    next = other.end();
    return other.group();
  }

  private String quoted() {
    char quote = text.charAt(next++);
    StringBuilder item = new StringBuilder();
    while (!at(quote)) {
      if (next == text.length() || at('\n')) {
        throw trouble("the closing " + quote);
      }
      char letter = text.charAt(next++);
      if (letter == '\\') {
        escape(item);
      } else {
        item.append(letter);
      }
    }
    next++;
    return item.toString();
  }

  private void escape(StringBuilder item) {
    if (next == text.length()) {
      throw trouble("a letter behind the backslash");
    }
    char letter = text.charAt(next++);
    switch (letter) {
      case '\n' -> {} // a line that goes on
      case '\\', '\'', '"' -> item.append(letter);
      case 'a' -> item.append('\u0007');
      case 'b' -> item.append('\b');
      case 'f' -> item.append('\f');
      case 'n' -> item.append('\n');
      case 'r' -> item.append('\r');
      case 't' -> item.append('\t');
      case 'v' -> item.append('\u000b');
      case 'x' -> item.appendCodePoint(number(2));
      case 'u' -> item.appendCodePoint(number(4));
      case 'U' -> item.appendCodePoint(number(8));
      case '0', '1', '2', '3', '4', '5', '6', '7' -> item.append(octal(letter));
      case 'N' -> throw trouble("no letter by its name");
      default -> item.append('\\').append(letter);
    }
  }

  /** A code point of just so many hexadecimal digits. */
  private int number(int digits) {
    long number = 0;
    for (int i = 0; i < digits; i++) {
      int digit = next < text.length() ? Character.digit(text.charAt(next), 16) : -1;
      if (digit < 0 || text.charAt(next) > 'f') {
        throw trouble(digits + " hexadecimal digits");
      }
      number = 16 * number + digit;
      next++;
    }
    if (number > Character.MAX_CODE_POINT) {
      throw trouble("the number of a letter before this place");
    }
    return (int) number;
  }

  /** One to three digits, of which the first is read. */
  private char octal(char first) {
    int number = first - '0';
    int end = Math.min(text.length(), next + 2);
    while (next < end && text.charAt(next) >= '0' && text.charAt(next) <= '7') {
      number = 8 * number + text.charAt(next++) - '0';
    }
    return (char) number;
  }

  private boolean at(char letter) {
    return next < text.length() && text.charAt(next) == letter;
  }

  private void expect(char letter) {
    if (!at(letter)) {
      throw trouble("'" + letter + "'");
    }
    next++;
  }

  private void skipSpace() {
    while (next < text.length() && " \t\n\r\f".indexOf(text.charAt(next)) >= 0) {
      next++;
    }
  }

  private IllegalArgumentException trouble(String expected) {
    return new IllegalArgumentException(
        "a list as Python prints it has " + expected + " at place " + (next + 1));
  }
}
