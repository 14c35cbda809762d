package krites.reward.published;

import java.util.Locale;
import krites.reward.PythonText;

/**
 * MMStar's comparison: the letter at the start of a prediction, alone, behind a bracket, behind
 * {@code option} or behind {@code the answer is}; case does not matter.
 *
 * <p>Source: {@code exact_match} of MMStar, as in {@code tasks/mmstar/utils.py} of lmms-eval.
 */
public final class LetterAnswer {
  private LetterAnswer() {}

  /** Whether a prediction begins with the expected letter. */
  public static boolean correct(String prediction, String letter) {
    String seen = flat(prediction);
    String wanted = flat(letter);
    if (wanted.length() != 1) {
      return false;
    }
    return seen.startsWith(wanted)
        || seen.startsWith("(" + wanted)
        || seen.startsWith("option " + wanted)
        || seen.startsWith("the answer is " + wanted);
  }

  private static String flat(String text) {
    return PythonText.strip(text.toLowerCase(Locale.ROOT)).replace('\n', ' ');
  }
}
