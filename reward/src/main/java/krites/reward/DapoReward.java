package krites.reward;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The last {@code Answer:} line compared as a string (1 or -1), with a soft penalty on over-long
 * responses.
 *
 * <p>Source: {@code compute_score} of EasyR1 {@code examples/reward_function/dapo.py}.
 *
 * @param maxResponseLength tokens at which a response is cut
 * @param overlongBufferLength tokens before the cut over which the penalty grows from 0 to 1
 * @param overlongPenaltyFactor weight of the penalty
 */
public record DapoReward(
    int maxResponseLength, int overlongBufferLength, double overlongPenaltyFactor) {
  /** Only the end of a response is searched; the longest answer of MATH-500 has 159 characters. */
  private static final int TAIL_CHARS = 300;

  private static final Pattern ANSWER =
      Pattern.compile(
          "Answer[S]*:[S]*([^\n]+)"
              .replace(
                  "S",
                  "\\x09-\\x0d\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"),
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  public DapoReward {
    if (maxResponseLength < 1
        || overlongBufferLength < 1
        || !Double.isFinite(overlongPenaltyFactor)) {
      throw new IllegalArgumentException(
          "over-long limits "
              + maxResponseLength
              + ", "
              + overlongBufferLength
              + ", "
              + overlongPenaltyFactor
              + " are not two positive lengths and a finite factor");
    }
  }

  /**
   * What one response earned.
   *
   * @param overall accuracy plus weighted penalty
   * @param accuracy 1 or -1
   * @param overlong from -1 to 0
   * @param accuracyNormalized 1 or 0
   */
  public record Score(
      double overall, double accuracy, double overlong, double accuracyNormalized) {}

  /** Scores one response of {@code responseLength} tokens. */
  public Score score(String response, String truth, int responseLength) {
    double accuracy =
        DapoNormalForm.of(answer(tail(response))).equals(DapoNormalForm.of(truth)) ? 1 : -1;
    double overlong = overlong(responseLength);
    return new Score(
        accuracy + overlong * overlongPenaltyFactor, accuracy, overlong, 0.5 * (accuracy + 1));
  }

  private double overlong(int responseLength) {
    int expected = maxResponseLength - overlongBufferLength;
    if (responseLength <= expected) {
      return 0;
    }
    return responseLength <= maxResponseLength
        ? (double) (expected - responseLength) / overlongBufferLength
        : -1;
  }

  private static String answer(String text) {
    String last = "[INVALID]";
    Matcher matcher = ANSWER.matcher(text);
    while (matcher.find()) {
      last = matcher.group(1);
    }
    return last;
  }

  private static String tail(String text) {
    int length = text.codePointCount(0, text.length());
    return length <= TAIL_CHARS
        ? text
        : text.substring(text.offsetByCodePoints(text.length(), -TAIL_CHARS));
  }
}
