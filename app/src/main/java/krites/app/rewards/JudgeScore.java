package krites.app.rewards;

import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the score in the answer of a judge: the last {@code Score: N}, or an answer that is a
 * number.
 */
final class JudgeScore {
  private static final String NUMBER = "([-+]?[0-9]{1,9}(?:\\.[0-9]{1,9})?)";

  /** Possessive throughout: a judge's answer, however odd, is read in linear time. */
  private static final Pattern LINE =
      Pattern.compile(
          "(?i)\\bscore[*_]*+\\s*+(?:\\([^()\n]{0,40}+\\)\\s*+)?+[*_]*+\\s*+[:=]\\s*+[*_]*+\\s*+"
              + NUMBER);

  private static final Pattern ALONE = Pattern.compile(NUMBER);

  private JudgeScore() {}

  /** The score as the judge gave it, whatever its size; empty when there is none. */
  static OptionalDouble of(String answer) {
    Matcher alone = ALONE.matcher(answer.strip());
    if (alone.matches()) {
      return OptionalDouble.of(Double.parseDouble(alone.group(1)));
    }
    OptionalDouble last = OptionalDouble.empty();
    Matcher line = LINE.matcher(answer);
    while (line.find()) {
      last = OptionalDouble.of(Double.parseDouble(line.group(1)));
    }
    return last;
  }
}
