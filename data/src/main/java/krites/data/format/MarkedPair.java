package krites.data.format;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.grpo.Label;

/**
 * Pairs between markers, as in judging prompts of LLaVA-Bench and of arenas; rows of {@code
 * llava-critic-113k} that ask for a score of each hold them too.
 */
final class MarkedPair {
  private static final List<Pattern> LAYOUTS =
      List.of(
          Pattern.compile(
              "<\\|User Prompt\\|>(.*?)<\\|The Start of Assistant A's Answer\\|>(.*?)<\\|The End of"
                  + " Assistant A's Answer\\|>\\s*<\\|The Start of Assistant B's"
                  + " Answer\\|>(.*?)<\\|The End of Assistant B's Answer\\|>",
              Pattern.DOTALL),
          Pattern.compile(
              "\\[Question\\](.*?)\\[Assistant 1\\](.*?)\\[End of Assistant 1\\]\\s*\\[Assistant"
                  + " 2\\](.*?)\\[End of Assistant 2\\]",
              Pattern.DOTALL));

  private static final Pattern ARENA_VERDICT =
      Pattern.compile("\\[\\[(A>>B|A>B|A=B|B>A|B>>A)\\]\\]");
  private static final Pattern SCORES =
      Pattern.compile("\\A\\s*(\\d+(?:\\.\\d+)?)[\\s,]+(\\d+(?:\\.\\d+)?)");

  private MarkedPair() {}

  /** The pair of a text; empty if it holds none. */
  static Optional<PairText.Fields> in(String text) {
    return LAYOUTS.stream()
        .map(layout -> layout.matcher(text))
        .filter(Matcher::find)
        .findFirst()
        .map(
            found ->
                new PairText.Fields(
                    found.group(1).strip(), found.group(2).strip(), found.group(3).strip()));
  }

  /**
   * What a judge's text says: the last verdict in double brackets, or two scores at the beginning.
   */
  static Optional<Label> verdict(String text) {
    Matcher verdict = ARENA_VERDICT.matcher(text);
    Optional<Label> last = Optional.empty();
    while (verdict.find()) {
      last = arena(verdict.group(1));
    }
    if (last.isPresent()) {
      return last;
    }
    Matcher scores = SCORES.matcher(text);
    return scores.find()
        ? Optional.of(
            byScore(Double.parseDouble(scores.group(1)), Double.parseDouble(scores.group(2))))
        : Optional.empty();
  }

  /** An arena's verdict, such as {@code A>>B}. */
  static Optional<Label> arena(String verdict) {
    return switch (verdict) {
      case "A>>B", "A>B" -> Optional.of(Label.FIRST);
      case "A=B" -> Optional.of(Label.TIE);
      case "B>A", "B>>A" -> Optional.of(Label.SECOND);
      default -> Optional.empty();
    };
  }

  /** The higher score is better. */
  static Label byScore(double first, double second) {
    int order = Double.compare(first, second);
    return order == 0 ? Label.TIE : order > 0 ? Label.FIRST : Label.SECOND;
  }
}
