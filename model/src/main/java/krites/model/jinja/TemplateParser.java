package krites.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.model.jinja.TemplateScanner.Piece;
import krites.model.jinja.TemplateScanner.Tag;

/**
 * Reads the pieces of a template as statements; what it does not know is an error with its line.
 */
final class TemplateParser {
  /** Statements inside each other; the deepest published template has about ten. */
  private static final int DEEPEST = 50;

  private final List<Piece> pieces;
  private int at;
  private int depth;

  private TemplateParser(List<Piece> pieces) {
    this.pieces = pieces;
  }

  static List<Statement> parse(String template) {
    TemplateParser parser = new TemplateParser(TemplateScanner.scan(template));
    List<Statement> statements = parser.until(List.of());
    if (parser.at < parser.pieces.size() && parser.pieces.get(parser.at) instanceof Tag tag) {
      throw new JinjaException(tag.line(), "'" + firstName(tag) + "' has no beginning");
    }
    return statements;
  }

  /** Statements up to a tag that begins with one of the names, which is not taken. */
  private List<Statement> until(List<String> ends) {
    List<Statement> statements = new ArrayList<>();
    while (at < pieces.size()) {
      switch (pieces.get(at)) {
        case TemplateScanner.Text(String text) -> {
          at++;
          statements.add(new Statement.Text(text));
        }
        case Tag tag when tag.output() -> {
          at++;
          ExpressionParser parser = new ExpressionParser(tag.inside(), tag.line());
          Expression expression = parser.expression();
          parser.end();
          statements.add(new Statement.Output(expression));
        }
        case Tag tag -> {
          String name = firstName(tag);
          if (ends.contains(name) || isEnd(name)) {
            return List.copyOf(statements);
          }
          at++;
          statements.add(statement(name, tag));
        }
      }
    }
    return List.copyOf(statements);
  }

  private static boolean isEnd(String name) {
    return name.startsWith("end") || name.equals("else") || name.equals("elif");
  }

  private static String firstName(Tag tag) {
    return new ExpressionParser(tag.inside(), tag.line()).name();
  }

  private Statement statement(String name, Tag tag) {
    depth++;
    if (depth > DEEPEST) {
      throw new JinjaException(tag.line(), "statements that are nested too deeply");
    }
    ExpressionParser words = new ExpressionParser(tag.inside(), tag.line());
    words.need(name);
    Statement statement =
        switch (name) {
          case "if" -> condition(words, tag);
          case "for" -> loop(words, tag);
          case "set" -> set(words, tag);
          case "generation" -> {
            words.end();
            List<Statement> body = until(List.of("endgeneration"));
            close("endgeneration", tag);
            yield new Statement.Block(body);
          }
          case "break" -> {
            words.end();
            yield new Statement.Break(tag.line());
          }
          case "continue" -> {
            words.end();
            yield new Statement.Continue(tag.line());
          }
          default -> throw words.trouble("the statement '" + name + "' is not known here");
        };
    depth--;
    return statement;
  }

  private Statement condition(ExpressionParser first, Tag tag) {
    List<Statement.Branch> branches = new ArrayList<>();
    ExpressionParser words = first;
    List<String> ends = List.of("elif", "else", "endif");
    while (true) {
      Expression condition = words.expression();
      words.end();
      branches.add(new Statement.Branch(condition, until(ends)));
      Tag next = next(tag, "endif");
      words = new ExpressionParser(next.inside(), next.line());
      if (words.take("elif")) {
        continue;
      }
      List<Statement> otherwise = List.of();
      if (words.take("else")) {
        otherwise = otherwise(words, "endif", tag);
      } else {
        words.need("endif");
        words.end();
      }
      return new Statement.If(List.copyOf(branches), otherwise);
    }
  }

  /** What stands between {@code else} and the end of a statement. */
  private List<Statement> otherwise(ExpressionParser words, String end, Tag opener) {
    words.end();
    List<Statement> otherwise = until(List.of(end));
    close(end, opener);
    return otherwise;
  }

  private Statement loop(ExpressionParser words, Tag tag) {
    List<String> names = new ArrayList<>();
    boolean bracket = words.take("(");
    do {
      names.add(words.name());
    } while (words.take(","));
    if (bracket) {
      words.need(")");
    }
    words.need("in");
    Expression items = words.or();
    Optional<Expression> filter =
        words.take("if") ? Optional.of(words.expression()) : Optional.empty();
    words.end();
    List<Statement> body = until(List.of("else", "endfor"));
    Tag next = next(tag, "endfor");
    ExpressionParser after = new ExpressionParser(next.inside(), next.line());
    List<Statement> otherwise = List.of();
    if (after.take("else")) {
      otherwise = otherwise(after, "endfor", tag);
    } else {
      after.need("endfor");
      after.end();
    }
    return new Statement.For(tag.line(), List.copyOf(names), items, filter, body, otherwise);
  }

  private Statement set(ExpressionParser words, Tag tag) {
    String name = words.name();
    if (words.take(".")) {
      String member = words.name();
      words.need("=");
      Expression value = words.expression();
      words.end();
      return new Statement.SetMember(tag.line(), name, member, value);
    }
    if (words.take("=")) {
      Expression value = words.expression();
      words.end();
      return new Statement.Set(name, value);
    }
    words.end();
    List<Statement> body = until(List.of("endset"));
    close("endset", tag);
    return new Statement.SetText(name, body);
  }

  private void close(String end, Tag opener) {
    Tag tag = next(opener, end);
    ExpressionParser words = new ExpressionParser(tag.inside(), tag.line());
    words.need(end);
    words.end();
  }

  private Tag next(Tag opener, String end) {
    if (at < pieces.size() && pieces.get(at) instanceof Tag tag) {
      at++;
      return tag;
    }
    throw new JinjaException(opener.line(), "'" + firstName(opener) + "' has no '" + end + "'");
  }
}
