package krites.data.format;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the three bracketed fields of a LLaVA-Critic prompt stand in its text.
 *
 * <p>A response may hold brackets and even the words of a header, so a field ends at the last
 * bracket before the next header, and the second response begins at the last header of its kind.
 *
 * @param question from and to, brackets not counted
 */
record BracketedPair(String text, Span question, Span first, Span second) {
  private static final Pattern QUESTION = Pattern.compile("Question\\s*:\\s*\\[");

  /** The three spellings of the published set; both headers of a prompt are of one. */
  private static final List<List<Pattern>> HEADERS =
      List.of(
          headers("The first response", "The second response"),
          headers("Response 1", "Response 2"),
          headers("Response A", "Response B"));

  /** A part of a text, the end not included. */
  record Span(int from, int to) {
    String of(String text) {
      return text.substring(from, to);
    }
  }

  private static List<Pattern> headers(String first, String second) {
    return List.of(
        Pattern.compile(first + "\\s*:\\s*\\["), Pattern.compile(second + "\\s*:\\s*\\["));
  }

  /** The fields of a text; empty if it does not have all three. */
  static Optional<BracketedPair> in(String text) {
    return HEADERS.stream().flatMap(pair -> in(text, pair).stream()).findFirst();
  }

  private static Optional<BracketedPair> in(String text, List<Pattern> headers) {
    Matcher question = QUESTION.matcher(text);
    if (!question.find()) {
      return Optional.empty();
    }
    Matcher first = headers.getFirst().matcher(text);
    if (!first.find(question.end())) {
      return Optional.empty();
    }
    Matcher second = headers.getLast().matcher(text);
    int from = first.end();
    int header = -1;
    int start = -1;
    while (second.find(from)) {
      if (text.lastIndexOf(']', second.start()) >= first.end()) {
        header = second.start();
        start = second.end();
      }
      from = second.end();
    }
    int questionEnd = text.lastIndexOf(']', first.start());
    int secondEnd = text.lastIndexOf(']');
    if (header < 0 || questionEnd < question.end() || secondEnd < start) {
      return Optional.empty();
    }
    return Optional.of(
        new BracketedPair(
            text,
            new Span(question.end(), questionEnd),
            new Span(first.end(), text.lastIndexOf(']', header)),
            new Span(start, secondEnd)));
  }

  PairText.Fields fields() {
    return new PairText.Fields(
        question.of(text).strip(), first.of(text).strip(), second.of(text).strip());
  }

  /** The same text with the contents of the two responses exchanged. */
  String exchanged() {
    return text.substring(0, first.from())
        + second.of(text)
        + text.substring(first.to(), second.from())
        + first.of(text)
        + text.substring(second.to());
  }
}
