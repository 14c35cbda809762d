package krites.reward.published;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import krites.reward.PythonText;

/**
 * What of a model's text a benchmark of lmms-eval looks at: the text without its reasoning, and a
 * pattern's first match in that.
 *
 * <p>Source: {@code api/reasoning.py}, {@code filters/transformation.py} and {@code
 * filters/extraction.py} of EvolvingLMMs-Lab/lmms-eval.
 */
public final class BenchmarkAnswer {
  /** Names of the tags that hold reasoning where a benchmark says nothing else. */
  public static final List<String> REASONING = List.of("think", "thinking");

  private BenchmarkAnswer() {}

  /** The text without what stands in {@link #REASONING} tags. */
  public static String withoutReasoning(String text) {
    return withoutReasoning(text, REASONING);
  }

  /**
   * The text without what stands in tags, one name after the other, and without white space around
   * the rest. Tags do not nest: the first closing one ends a block. A closing tag that nothing
   * opened ends reasoning that the prompt opened; all up to the last one goes. What is opened and
   * never closed stays.
   *
   * @param names tags, without their brackets
   */
  public static String withoutReasoning(String text, List<String> names) {
    String rest = text;
    for (String name : names) {
      String open = "<" + name + ">";
      String close = "</" + name + ">";
      rest = withoutBlocks(rest, open, close);
      if (!rest.contains(open) && rest.contains(close)) {
        rest = rest.substring(rest.lastIndexOf(close) + close.length());
      }
    }
    return PythonText.strip(rest);
  }

  /**
   * Removes blocks from left to right, a tag that comes together by a removal included. One pass:
   * searching again from the start after each block would take time quadratic in their number.
   */
  private static String withoutBlocks(String text, String open, String close) {
    StringBuilder kept = new StringBuilder(text.length());
    int next = 0;
    while (next < text.length()) {
      char letter = text.charAt(next++);
      kept.append(letter);
      int start = kept.length() - open.length();
      if (letter == '>' && start >= 0 && kept.indexOf(open, start) == start) {
        int end = text.indexOf(close, next);
        if (end < 0) {
          return kept.append(text, next, text.length()).toString();
        }
        kept.setLength(start);
        next = end + close.length();
      }
    }
    return kept.toString();
  }

  /**
   * The first match of a pattern, without white space around it: its group, the first of its groups
   * that holds something, or all of it where there is no group. Empty where nothing matches; the
   * benchmarks then count {@code [invalid]}.
   */
  public static Optional<String> extract(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      return Optional.empty();
    }
    if (matcher.groupCount() == 0) {
      return Optional.of(PythonText.strip(matcher.group()));
    }
    return IntStream.rangeClosed(1, matcher.groupCount())
        .mapToObj(group -> Optional.ofNullable(matcher.group(group)).orElse(""))
        .filter(group -> matcher.groupCount() == 1 || !group.isEmpty())
        .findFirst()
        .map(PythonText::strip);
  }
}
