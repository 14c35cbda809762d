package krites.reward;

import java.util.ArrayList;
import java.util.List;

/**
 * A tolerant LaTeX parser: text to a tree of nodes. Nesting is limited, so neither time nor stack
 * can run away.
 */
final class LatexNodes {
  /** Deeper texts are refused; the reference fails at Python's recursion limit of similar size. */
  private static final int DEPTH_MAX = 80;

  private static final List<String> SPECIALS =
      List.of("---", "--", "``", "''", "!`", "?`", "~", "&");

  private final String latex;
  private int at;

  private LatexNodes(String latex) {
    this.latex = latex;
  }

  /** A piece of parsed LaTeX. */
  sealed interface Node {}

  /** Plain text with its white space. */
  record Chars(String chars) implements Node {}

  /**
   * A macro with its arguments, one node list each; an absent optional argument is an empty list.
   */
  record Macro(String name, List<List<Node>> args, String spaceAfter) implements Node {}

  /** A group in braces. */
  record Braces(List<Node> inside) implements Node {}

  /** A formula between {@code \( \)} or {@code \[ \]}. */
  record Formula(List<Node> inside, boolean display) implements Node {}

  /** An environment between {@code \begin} and {@code \end}. */
  record Environment(String name, List<Node> inside) implements Node {}

  /** Characters with a meaning of their own, as {@code &} or {@code --}. */
  record Special(String chars) implements Node {}

  /** The text cannot be turned into nodes or text. */
  static final class LatexTrouble extends Exception {
    private static final long serialVersionUID = 1L;

    LatexTrouble(String message) {
      super(message, null, false, false);
    }
  }

  static List<Node> parse(String latex) throws LatexTrouble {
    return new LatexNodes(latex).nodes("", 0);
  }

  /** Nodes up to and with {@code stop} ({@code ""} for the end); a missing stop is forgiven. */
  private List<Node> nodes(String stop, int depth) throws LatexTrouble {
    if (depth > DEPTH_MAX) {
      throw new LatexTrouble("LaTeX nested deeper than " + DEPTH_MAX);
    }
    List<Node> nodes = new ArrayList<>();
    StringBuilder chars = new StringBuilder();
    while (at < latex.length()) {
      if (!stop.isEmpty() && latex.startsWith(stop, at)) {
        at += stop.length();
        break;
      }
      char c = latex.charAt(at);
      String special = specialHere();
      if (c == '\\' || c == '{' || !special.isEmpty()) {
        flush(chars, nodes);
        if (c == '\\') {
          command(nodes, depth);
        } else if (c == '{') {
          at++;
          nodes.add(new Braces(nodes("}", depth + 1)));
        } else {
          at += special.length();
          nodes.add(new Special(special));
        }
      } else {
        at++;
        if (c != '}') {
          chars.append(c);
        }
      }
    }
    flush(chars, nodes);
    return nodes;
  }

  private static void flush(StringBuilder chars, List<Node> nodes) {
    if (!chars.isEmpty()) {
      nodes.add(new Chars(chars.toString()));
      chars.setLength(0);
    }
  }

  private String specialHere() {
    return SPECIALS.stream()
        .filter(special -> latex.startsWith(special, at))
        .findFirst()
        .orElse("");
  }

  private void command(List<Node> nodes, int depth) throws LatexTrouble {
    String name = macroName();
    switch (name) {
      case "" -> {}
      case "(" -> nodes.add(new Formula(nodes("\\)", depth + 1), false));
      case "[" -> nodes.add(new Formula(nodes("\\]", depth + 1), true));
      case ")", "]", "end" -> {}
      case "begin" -> environment(nodes, depth);
      default -> {
        String space = Character.isLetter(name.codePointAt(0)) ? skipSpace() : "";
        nodes.add(new Macro(name, arguments(LatexMacros.arguments(name), depth), space));
      }
    }
  }

  /** The name after a backslash: letters, or one other character; empty at the end of the text. */
  private String macroName() {
    int start = ++at;
    if (at >= latex.length()) {
      return "";
    }
    boolean letters = Character.isLetter(latex.codePointAt(at));
    at += Character.charCount(latex.codePointAt(at));
    while (letters && at < latex.length() && Character.isLetter(latex.codePointAt(at))) {
      at += Character.charCount(latex.codePointAt(at));
    }
    return latex.substring(start, at);
  }

  private void environment(List<Node> nodes, int depth) throws LatexTrouble {
    skipSpace();
    int close = latex.indexOf('}', at);
    if (at >= latex.length() || latex.charAt(at) != '{' || close < 0) {
      throw new LatexTrouble("\\begin without a name");
    }
    String name = latex.substring(at + 1, close);
    at = close + 1;
    arguments(LatexMacros.environmentArguments(name), depth);
    nodes.add(new Environment(name, nodes("\\end{" + name + "}", depth + 1)));
  }

  private List<List<Node>> arguments(String kinds, int depth) throws LatexTrouble {
    List<List<Node>> args = new ArrayList<>();
    for (char kind : kinds.toCharArray()) {
      args.add(
          switch (kind) {
            case '*' -> optional("*", "", depth);
            case '[' -> optional("[", "]", depth);
            default -> mandatory(depth);
          });
    }
    return args;
  }

  private List<Node> optional(String open, String close, int depth) throws LatexTrouble {
    int before = at;
    skipSpace();
    if (!latex.startsWith(open, at)) {
      at = before;
      return List.of();
    }
    at += open.length();
    return close.isEmpty() ? List.of(new Chars(open)) : nodes(close, depth + 1);
  }

  private List<Node> mandatory(int depth) throws LatexTrouble {
    skipSpace();
    if (at >= latex.length() || latex.charAt(at) == '}') {
      return List.of();
    }
    if (latex.charAt(at) == '{') {
      at++;
      return nodes("}", depth + 1);
    }
    if (latex.charAt(at) == '\\') {
      String name = macroName();
      return name.isEmpty() ? List.of() : List.of(new Macro(name, List.of(), ""));
    }
    int start = at;
    at += Character.charCount(latex.codePointAt(at));
    return List.of(new Chars(latex.substring(start, at)));
  }

  private String skipSpace() {
    int start = at;
    while (at < latex.length() && PythonText.isSpace(latex.charAt(at))) {
      at++;
    }
    return latex.substring(start, at);
  }
}
