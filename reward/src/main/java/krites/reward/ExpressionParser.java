package krites.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads an expression as SymPy does with implicit multiplication: {@code 2sqrt(2)x}, {@code
 * (x)(y)}, {@code xy} as the product of its letters.
 */
final class ExpressionParser {
  /** Longer texts are not algebra of an answer; this bounds the cost of everything after. */
  private static final int CHARS_MAX = 1_000;

  /** Python refuses more nested brackets than this. */
  private static final int DEPTH_MAX = 200;

  private static final Pattern TOKEN =
      Pattern.compile(
          "((?:[0-9]++(?:\\.[0-9]*+)?|\\.[0-9]++)(?:[eE][+-]?[0-9]++)?)"
              + "|([\\p{L}_][\\p{L}\\p{Nd}_]*+)|(\\*\\*|[-+*/^()!])");
  private static final Pattern NAME_PART = Pattern.compile("[0-9]++|[^0-9]");

  /**
   * Names with a meaning in Python or SymPy that is no unknown; an answer with one of them is not
   * read as algebra.
   */
  private static final Set<String> FOREIGN_NAMES =
      Set.of(
          "as", "if", "in", "is", "or", "nan", "oo", "zoo", "gff", "rf", "ff", "re", "im", "csc",
          "frac", "li", "jn", "yn", "hn1", "hn2", "fft", "ntt", "fu", "eye", "all", "id");

  private static final Set<String> GREEK_NAMES = Set.of("mu", "nu", "xi", "eta");

  private final List<String> tokens;
  private int at;
  private int depth;

  private ExpressionParser(List<String> tokens) {
    this.tokens = tokens;
  }

  /** The expression, or empty where the text is none. */
  static Optional<Expression> parse(String text) {
    try {
      ExpressionParser parser = new ExpressionParser(tokens(text));
      Expression expression = parser.sum();
      return parser.at == parser.tokens.size() ? Optional.of(expression) : Optional.empty();
    } catch (NotAlgebra e) {
      return Optional.empty();
    }
  }

  private static List<String> tokens(String text) throws NotAlgebra {
    if (text.length() > CHARS_MAX) {
      throw new NotAlgebra();
    }
    List<String> tokens = new ArrayList<>();
    Matcher matcher = TOKEN.matcher(text);
    int at = 0;
    while (at < text.length()) {
      if (PythonText.isSpace(text.charAt(at))) {
        at++;
        continue;
      }
      if (!matcher.find(at) || matcher.start() != at) {
        throw new NotAlgebra();
      }
      tokens.add(matcher.group().equals("^") ? "**" : matcher.group());
      at = matcher.end();
    }
    return tokens;
  }

  private Expression sum() throws NotAlgebra {
    List<Expression> terms = new ArrayList<>(List.of(product()));
    List<Boolean> subtracted = new ArrayList<>(List.of(false));
    while (peek("+") || peek("-")) {
      subtracted.add(next().equals("-"));
      terms.add(product());
    }
    return terms.size() == 1 ? terms.getFirst() : new Expression.Sum(terms, subtracted);
  }

  private Expression product() throws NotAlgebra {
    List<Expression> factors = new ArrayList<>();
    List<Boolean> divides = new ArrayList<>();
    boolean dividing = false;
    do {
      int before = factors.size();
      signed(factors);
      while (divides.size() < factors.size()) {
        divides.add(dividing && divides.size() == before);
      }
      dividing = peek("/");
      if (peek("*") || dividing) {
        at++;
      } else if (!startsFactor()) {
        break;
      }
    } while (true);
    return factors.size() == 1 ? factors.getFirst() : new Expression.Product(factors, divides);
  }

  private boolean startsFactor() {
    return at < tokens.size() && (peek("(") || !"+-*/**)!".contains(tokens.get(at)));
  }

  /** Adds the next factor; a name of several letters adds several. */
  private void signed(List<Expression> factors) throws NotAlgebra {
    boolean negative = false;
    while (peek("+") || peek("-")) {
      negative ^= next().equals("-");
    }
    List<Expression> atoms = atoms();
    Expression last = power(atoms.removeLast());
    atoms.add(last);
    if (negative) {
      atoms.set(0, new Expression.Negative(atoms.getFirst()));
    }
    factors.addAll(atoms);
  }

  private Expression power(Expression base) throws NotAlgebra {
    Expression result = base;
    while (peek("!")) {
      at++;
      result = new Expression.Factorial(result);
    }
    if (!peek("**")) {
      return result;
    }
    at++;
    enter();
    boolean negative = false;
    while (peek("+") || peek("-")) {
      negative ^= next().equals("-");
    }
    List<Expression> atoms = atoms();
    Expression exponent = power(atoms.removeFirst());
    depth--;
    Expression raised =
        new Expression.Power(result, negative ? new Expression.Negative(exponent) : exponent);
    if (atoms.isEmpty()) {
      return raised;
    }
    atoms.addFirst(raised);
    return new Expression.Product(atoms, atoms.stream().map(_ -> false).toList());
  }

  private List<Expression> atoms() throws NotAlgebra {
    if (at >= tokens.size()) {
      throw new NotAlgebra();
    }
    String token = next();
    char c = token.charAt(0);
    if (c == '(') {
      return one(bracketed());
    }
    if (c == '.' || (c >= '0' && c <= '9')) {
      boolean decimal = !token.chars().allMatch(Character::isDigit);
      return one(new Expression.Literal(token, decimal));
    }
    if (Character.isLetter(token.codePointAt(0)) || c == '_') {
      return name(token);
    }
    throw new NotAlgebra();
  }

  private List<Expression> name(String name) throws NotAlgebra {
    if (FOREIGN_NAMES.contains(name)) {
      throw new NotAlgebra();
    }
    if (name.equals("sqrt") || name.equals("ln")) {
      if (!peek("(")) {
        throw new NotAlgebra();
      }
      at++;
      Expression argument = bracketed();
      return one(
          name.equals("sqrt") ? new Expression.Root(argument) : new Expression.Logarithm(argument));
    }
    if (name.equals("pi")) {
      return one(new Expression.Pi());
    }
    if (name.indexOf('_') >= 0 || GREEK_NAMES.contains(name)) {
      return one(new Expression.Symbol(name));
    }
    List<Expression> parts = new ArrayList<>();
    Matcher part = NAME_PART.matcher(name);
    while (part.find()) {
      boolean digits = Character.isDigit(part.group().codePointAt(0));
      parts.add(
          digits
              ? new Expression.Literal(part.group(), false)
              : new Expression.Symbol(part.group()));
    }
    return parts;
  }

  private Expression bracketed() throws NotAlgebra {
    enter();
    Expression inside = sum();
    if (!peek(")")) {
      throw new NotAlgebra();
    }
    at++;
    depth--;
    return inside;
  }

  private void enter() throws NotAlgebra {
    if (++depth > DEPTH_MAX) {
      throw new NotAlgebra();
    }
  }

  private static List<Expression> one(Expression expression) {
    return new ArrayList<>(List.of(expression));
  }

  private boolean peek(String token) {
    return at < tokens.size() && tokens.get(at).equals(token);
  }

  private String next() {
    return tokens.get(at++);
  }

  /** The text is no expression that we read. */
  private static final class NotAlgebra extends Exception {
    private static final long serialVersionUID = 1L;

    NotAlgebra() {
      super("not algebra", null, false, false);
    }
  }
}
