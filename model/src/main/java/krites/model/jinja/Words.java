package krites.model.jinja;

import java.util.ArrayList;
import java.util.List;

/** The inside of a tag as words: names, numbers, texts and signs. */
final class Words {
  /** What a word is. */
  enum Kind {
    NAME,
    NUMBER,
    TEXT,
    SIGN,
    END
  }

  /**
   * One word.
   *
   * @param text of a text what it says, without quotes and escapes
   */
  record Word(Kind kind, String text) {}

  private static final List<String> LONG_SIGNS = List.of("//", "**", "==", "!=", "<=", ">=");
  private static final String SIGNS = "+-*/%~<>=.,:|()[]{}";

  private final String source;
  private final int line;
  private final List<Word> words = new ArrayList<>();
  private int at;

  private Words(String source, int line) {
    this.source = source;
    this.line = line;
  }

  /** The words of a tag; the last is {@link Kind#END}. */
  static List<Word> of(String source, int line) {
    Words words = new Words(source, line);
    while (words.at < source.length()) {
      words.next();
    }
    words.add(Kind.END, "");
    return words.words;
  }

  private void next() {
    char c = source.charAt(at);
    if (Character.isWhitespace(c)) {
      at++;
    } else if (c == '\'' || c == '"') {
      at++;
      text(c);
    } else if (isDigit(c)) {
      number();
    } else if (isLetter(c)) {
      int from = at;
      while (at < source.length() && (isLetter(source.charAt(at)) || isDigit(source.charAt(at)))) {
        at++;
      }
      add(Kind.NAME, source.substring(from, at));
    } else {
      sign();
    }
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isLetter(char c) {
    return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
  }

  private void number() {
    int from = at;
    while (at < source.length() && isDigit(source.charAt(at))) {
      at++;
    }
    if (at + 1 < source.length() && source.charAt(at) == '.' && isDigit(source.charAt(at + 1))) {
      at++;
      while (at < source.length() && isDigit(source.charAt(at))) {
        at++;
      }
    }
    add(Kind.NUMBER, source.substring(from, at));
  }

  private void sign() {
    for (String sign : LONG_SIGNS) {
      if (source.startsWith(sign, at)) {
        at += sign.length();
        add(Kind.SIGN, sign);
        return;
      }
    }
    char c = source.charAt(at);
    if (SIGNS.indexOf(c) < 0) {
      throw new JinjaException(line, "unexpected '" + c + "'");
    }
    at++;
    add(Kind.SIGN, Character.toString(c));
  }

  private void text(char quote) {
    StringBuilder text = new StringBuilder();
    while (at < source.length() && source.charAt(at) != quote) {
      char c = source.charAt(at++);
      if (c == '\\' && at < source.length()) {
        escape(source.charAt(at++), text);
      } else {
        text.append(c);
      }
    }
    if (at == source.length()) {
      throw new JinjaException(line, "a text without its closing quote");
    }
    at++;
    add(Kind.TEXT, text.toString());
  }

  /** The escapes of a Python text; an unknown one keeps its backslash. */
  private void escape(char c, StringBuilder text) {
    switch (c) {
      case 'n' -> text.append('\n');
      case 't' -> text.append('\t');
      case 'r' -> text.append('\r');
      case '\\', '\'', '"' -> text.append(c);
      case 'x' -> code(2, text);
      case 'u' -> code(4, text);
      default -> text.append('\\').append(c);
    }
  }

  private void code(int digits, StringBuilder text) {
    String code = source.substring(at, Math.min(source.length(), at + digits));
    if (!code.matches("[0-9a-fA-F]{" + digits + "}")) {
      throw new JinjaException(line, "an escape without its " + digits + " digits");
    }
    text.append((char) Integer.parseInt(code, 16));
    at += digits;
  }

  private void add(Kind kind, String text) {
    words.add(new Word(kind, text));
  }
}
