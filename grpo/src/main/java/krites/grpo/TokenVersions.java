package krites.grpo;

import java.util.ArrayList;
import java.util.List;

/**
 * Which policy version made each token of a response, run-length coded: spans of one version each,
 * in the order of the tokens.
 *
 * <p>Neighbouring spans differ, so equal versions per token mean equal values. Versions need not
 * rise: a response that was begun on one worker may go on on another that is a version behind.
 *
 * @param spans none for no tokens
 */
public record TokenVersions(List<Span> spans) {
  /** Versions of no tokens. */
  public static final TokenVersions NONE = new TokenVersions(List.of());

  /** {@code tokens} tokens in a row, at least 1, made by one version. */
  public record Span(PolicyVersion version, int tokens) {
    public Span {
      if (tokens < 1) {
        throw new IllegalArgumentException("a span of " + tokens + " tokens of " + version);
      }
    }
  }

  public TokenVersions {
    spans = List.copyOf(spans);
    long tokens = 0;
    for (int i = 0; i < spans.size(); i++) {
      tokens += spans.get(i).tokens();
      if (i > 0 && spans.get(i).version().equals(spans.get(i - 1).version())) {
        throw new IllegalArgumentException(
            "two spans of " + spans.get(i).version() + " in a row, they are one");
      }
    }
    if (tokens > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("versions of " + tokens + " tokens, more than an array");
    }
  }

  /** {@code tokens} tokens, at least 1, all made by one version. */
  public static TokenVersions of(PolicyVersion version, int tokens) {
    return new TokenVersions(List.of(new Span(version, tokens)));
  }

  /** Number of tokens. */
  public int length() {
    return spans.stream().mapToInt(Span::tokens).sum();
  }

  /**
   * The version that made a token.
   *
   * @throws IndexOutOfBoundsException if there is no such token
   */
  public PolicyVersion at(int index) {
    int left = index;
    if (left >= 0) {
      for (Span span : spans) {
        if (left < span.tokens()) {
          return span.version();
        }
        left -= span.tokens();
      }
    }
    throw new IndexOutOfBoundsException("token " + index + " of " + length());
  }

  /**
   * The oldest version of any token.
   *
   * @throws IllegalStateException if there are no tokens
   */
  public PolicyVersion oldest() {
    return spans.stream().map(Span::version).min(PolicyVersion::compareTo).orElseThrow(this::none);
  }

  /**
   * The newest version of any token.
   *
   * @throws IllegalStateException if there are no tokens
   */
  public PolicyVersion newest() {
    return spans.stream().map(Span::version).max(PolicyVersion::compareTo).orElseThrow(this::none);
  }

  /** These tokens, then the others. */
  public TokenVersions concat(TokenVersions after) {
    if (spans.isEmpty() || after.spans.isEmpty()) {
      return spans.isEmpty() ? after : this;
    }
    List<Span> joined = new ArrayList<>(spans);
    Span last = spans.getLast();
    Span next = after.spans.getFirst();
    List<Span> more = after.spans;
    if (last.version().equals(next.version())) {
      joined.removeLast();
      joined.add(new Span(last.version(), Math.addExact(last.tokens(), next.tokens())));
      more = more.subList(1, more.size());
    }
    joined.addAll(more);
    return new TokenVersions(joined);
  }

  /**
   * Versions of the first tokens.
   *
   * @throws IllegalArgumentException if {@code tokens} is negative or more than there are
   */
  public TokenVersions prefix(int tokens) {
    if (tokens < 0 || tokens > length()) {
      throw new IllegalArgumentException("a prefix of " + tokens + " of " + length() + " tokens");
    }
    List<Span> kept = new ArrayList<>();
    int left = tokens;
    for (Span span : spans) {
      if (left > 0) {
        kept.add(new Span(span.version(), Math.min(left, span.tokens())));
        left -= kept.getLast().tokens();
      }
    }
    return new TokenVersions(kept);
  }

  private IllegalStateException none() {
    return new IllegalStateException("no tokens, hence no version of them");
  }
}
