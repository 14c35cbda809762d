package krites.reward.published;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.grpo.Label;
import krites.reward.PythonText;

/**
 * Which answer a judge's free text prefers, as three public benchmarks read it. What they cannot
 * read is empty here; one of them then draws at random, the others may ask a model.
 *
 * <p>Each works in time linear in the text.
 */
public final class PublicVerdicts {
  /** Python's white space, which is not quite what Java's {@code \s} matches. */
  private static final String SPACES =
      "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*+";

  private static final int ANY_CASE = Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE;

  private static final Pattern CONCLUSION = Pattern.compile("overall judgment|therefore", ANY_CASE);

  private static final Pattern ANSWER_IS_BETTER =
      Pattern.compile(
          "answer_(\\p{Nd}++)_is_(?:the_)?+(?:slightly_)?+better".replace("_", SPACES), ANY_CASE);

  private static final Pattern RESPONSE_IS_BETTER =
      Pattern.compile("response (\\p{Nd}++)\\**+ is better");

  /** Lines at the end of a judgement that Multi-Crit looks at. */
  private static final int LAST_LINES = 3;

  private PublicVerdicts() {}

  /**
   * VL-RewardBench: the last "Answer N is (the) (slightly) better" anywhere after the first
   * "Overall Judgment" or "Therefore"; line ends and asterisks do not count, case does not matter.
   *
   * <p>Source: {@code cal.py} of vl-rewardbench/VL_RewardBench. It counts every number but that of
   * the rejected answer as agreement, so the number is given as it stands in the text.
   *
   * @return the number, 12 for "Answer 12"; {@link Integer#MAX_VALUE} for one that is larger
   */
  public static OptionalInt vlRewardBench(String judgement) {
    String line = judgement.replace("\n", "").replace("*", "");
    Matcher conclusion = CONCLUSION.matcher(line);
    if (!conclusion.find()) {
      return OptionalInt.empty();
    }
    Matcher better = ANSWER_IS_BETTER.matcher(line).region(conclusion.end(), line.length());
    OptionalInt last = OptionalInt.empty();
    while (better.find()) {
      last = OptionalInt.of(whole(better.group(1)));
    }
    return last;
  }

  /**
   * Multimodal RewardBench: {@code [[A]]} anywhere means the first answer, even beside {@code
   * [[B]]}, which alone means the second.
   *
   * <p>Source: {@code scripts/2_get_accuracy.py} of facebookresearch/multimodal_rewardbench.
   */
  public static Optional<Label> multimodalRewardBench(String judgement) {
    if (judgement.contains("[[A]]")) {
      return Optional.of(Label.FIRST);
    }
    return judgement.contains("[[B]]") ? Optional.of(Label.SECOND) : Optional.empty();
  }

  /**
   * Multi-Crit: the first "response N is better" in the last three lines, in any case, the words
   * before "is" perhaps in asterisks; a first N other than 1 and 2 is no verdict.
   *
   * <p>Source: {@code multi_crit/utils.py} of EvolvingLMMs-Lab/lmms-eval.
   */
  public static Optional<Label> multiCrit(String judgement) {
    List<String> lines = List.of(PythonText.strip(judgement).split("\n", -1));
    String end =
        String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    Matcher better = RESPONSE_IS_BETTER.matcher(end.toLowerCase(Locale.ROOT));
    if (!better.find()) {
      return Optional.empty();
    }
    return switch (whole(better.group(1))) {
      case 1 -> Optional.of(Label.FIRST);
      case 2 -> Optional.of(Label.SECOND);
      default -> Optional.empty();
    };
  }

  /** Decimal digits of any script as a number, at most {@link Integer#MAX_VALUE}. */
  private static int whole(String digits) {
    return digits
        .codePoints()
        .reduce(
            0,
            (number, digit) ->
                (int) Math.min(Integer.MAX_VALUE, 10L * number + Character.digit(digit, 10)));
  }
}
