package krites.reward;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Decides whether a given answer equals the expected one: equal in either normal form, or element
 * by element equal as algebra.
 *
 * <p>Source: {@code grade_answer} of MathRuler. Its quirks are kept: unit words vanish, unreduced
 * fractions differ, an integer is only equal to an integer, at most two different letters take part
 * in algebra. Algebra itself is our own ({@link Algebra}) in place of SymPy. Cost is bounded for
 * every input.
 */
public final class AnswerGrader {
  private static final String BRACKETS = "()[]";
  private static final Pattern FRACTION =
      Pattern.compile("(?d)^-?[0-9]++.?/0*[1-9][0-9]*+.?\\n?\\z");

  private AnswerGrader() {}

  /** The first, case-sensitive normal form; what conformance data call {@code normalize_answer}. */
  public static String mathNormalForm(String answer) {
    return MathNormalForm.of(answer);
  }

  /** The second normal form; what conformance data call {@code _normalize}. */
  public static String normalForm(String answer) {
    return AnswerNormalForm.of(answer);
  }

  /** Whether {@code given} counts as {@code truth}. */
  public static boolean grade(String given, String truth) {
    if (MathNormalForm.of(truth).equals(MathNormalForm.of(given))) {
      return true;
    }
    String expected = AnswerNormalForm.of(truth);
    String seen = AnswerNormalForm.of(given);
    if (expected.equals(seen)) {
      return true;
    }
    if (seen.isEmpty() || expected.isEmpty()) {
      return false;
    }
    List<String> expectedParts = elements(expected);
    List<String> seenParts = elements(seen);
    if (expectedParts.size() != seenParts.size()
        || (expectedParts.size() > 1 && !sameBrackets(expected, seen))) {
      return false;
    }
    for (int i = 0; i < expectedParts.size(); i++) {
      if (!elementEquals(expectedParts.get(i), seenParts.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean elementEquals(String expected, String seen) {
    if (isFraction(expected) && isFraction(seen)) {
      return expected.equals(seen);
    }
    return AnswerNormalForm.isInteger(expected) == AnswerNormalForm.isInteger(seen)
        && Algebra.equal(expected, seen);
  }

  /** {@code ^-?[0-9]+.?/0*[1-9][0-9]*.?$}, in linear time. */
  static boolean isFraction(String text) {
    return text.indexOf('/') >= 0 && FRACTION.matcher(text).find();
  }

  private static boolean sameBrackets(String a, String b) {
    return a.charAt(0) == b.charAt(0) && a.charAt(a.length() - 1) == b.charAt(b.length() - 1);
  }

  /** The elements of a tuple or interval; one element when it is neither. */
  private static List<String> elements(String text) {
    String plain = AnswerNormalForm.withoutThousandsCommas(text);
    int last = plain.length() - 1;
    if (plain.length() <= 2
        || BRACKETS.indexOf(plain.charAt(0)) < 0
        || BRACKETS.indexOf(plain.charAt(last)) < 0) {
      return List.of(plain);
    }
    String inside = plain.substring(1, last);
    if (inside.chars().anyMatch(c -> BRACKETS.indexOf(c) >= 0)) {
      return List.of(plain);
    }
    return Arrays.stream(inside.split(",", -1)).map(PythonText::strip).toList();
  }
}
