package krites.model.jinja;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into text and tags. White space goes as with {@code trim_blocks} and {@code
 * lstrip_blocks}, which is how transformers reads chat templates: the line end after a block goes,
 * and the blanks before a block that begins its line; {@code -} takes all white space on its side.
 *
 * <p>Source: {@code jinja2/lexer.py} of Jinja 3.1.
 */
final class TemplateScanner {
  /** A piece of a template. */
  sealed interface Piece {}

  record Text(String text) implements Piece {}

  /**
   * The inside of a tag.
   *
   * @param output whether it is printed (<code>{{ }}</code>) and not a statement
   * @param line where it begins
   */
  record Tag(boolean output, String inside, int line) implements Piece {}

  private final String template;
  private final List<Piece> pieces = new ArrayList<>();
  private int at;

  /** Whether what comes next begins a line: then blanks before a block go. */
  private boolean lineBegins = true;

  private int counted;
  private int lineThere = 1;

  private TemplateScanner(String template) {
    this.template = template;
  }

  /** The pieces of a template in order. */
  static List<Piece> scan(String text) {
    String lines = text.replace("\r\n", "\n").replace('\r', '\n');
    boolean lastLineEnds = lines.endsWith("\n");
    TemplateScanner scanner =
        new TemplateScanner(lastLineEnds ? lines.substring(0, lines.length() - 1) : lines);
    scanner.run();
    return scanner.pieces;
  }

  private void run() {
    while (at < template.length()) {
      int open = nextTag();
      if (open < 0) {
        add(template.substring(at));
        return;
      }
      char kind = template.charAt(open + 1);
      char mark = open + 2 < template.length() ? template.charAt(open + 2) : ' ';
      add(before(template.substring(at, open), kind, mark));
      int inside = open + 2 + (mark == '-' || mark == '+' ? 1 : 0);
      tag(kind, open, inside);
    }
  }

  private int nextTag() {
    for (int open = template.indexOf('{', at); open >= 0; open = template.indexOf('{', open + 1)) {
      if (open + 1 < template.length() && "{%#".indexOf(template.charAt(open + 1)) >= 0) {
        return open;
      }
    }
    return -1;
  }

  private String before(String text, char kind, char mark) {
    if (mark == '-') {
      return text.stripTrailing();
    }
    int line = text.lastIndexOf('\n') + 1;
    boolean blankLine = text.substring(line).isBlank() && (line > 0 || lineBegins);
    return kind != '{' && mark != '+' && blankLine ? text.substring(0, line) : text;
  }

  private void tag(char kind, int open, int inside) {
    int line = lineOf(open);
    int close = kind == '#' ? template.indexOf("#}", inside) : closing(inside, kind, line);
    if (close < 0) {
      throw new JinjaException(line, "a comment without an end");
    }
    char mark = close > inside ? template.charAt(close - 1) : ' ';
    boolean strips = mark == '-';
    boolean keeps = mark == '+' && kind != '{';
    if (kind != '#') {
      int end = strips || keeps ? close - 1 : close;
      pieces.add(new Tag(kind == '{', template.substring(inside, end), line));
    }
    at = close + 2;
    lineBegins = false;
    if (strips) {
      while (at < template.length() && Character.isWhitespace(template.charAt(at))) {
        lineBegins = template.charAt(at) == '\n';
        at++;
      }
    } else if (kind != '{' && !keeps && at < template.length() && template.charAt(at) == '\n') {
      at++;
      lineBegins = true;
    }
  }

  /** Where a tag ends: its closing letters outside of texts and brackets. */
  private int closing(int from, char kind, int line) {
    String end = kind == '{' ? "}}" : "%}";
    int depth = 0;
    for (int i = from; i < template.length(); i++) {
      char c = template.charAt(i);
      if (c == '\'' || c == '"') {
        i = textEnd(i, c, line);
      } else if (depth == 0 && template.startsWith(end, i)) {
        return i;
      } else if (c == '{' || c == '(' || c == '[') {
        depth++;
      } else if (c == '}' || c == ')' || c == ']') {
        depth--;
      }
    }
    throw new JinjaException(line, "a tag without its end " + end);
  }

  private int textEnd(int from, char quote, int line) {
    for (int i = from + 1; i < template.length(); i++) {
      if (template.charAt(i) == '\\') {
        i++;
      } else if (template.charAt(i) == quote) {
        return i;
      }
    }
    throw new JinjaException(line, "a text without its closing quote");
  }

  private void add(String text) {
    if (!text.isEmpty()) {
      pieces.add(new Text(text));
    }
  }

  /** Asked for rising positions only. */
  private int lineOf(int position) {
    for (; counted < position; counted++) {
      lineThere += template.charAt(counted) == '\n' ? 1 : 0;
    }
    return lineThere;
  }
}
