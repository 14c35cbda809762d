package krites.reward.published;

import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import krites.reward.PythonText;

/**
 * How OCRBench scores what a model read: 1 where an answer stands in the prediction, else 0.
 *
 * <p>Source: {@code tasks/ocrbench} of EvolvingLMMs-Lab/lmms-eval and its tests.
 */
public enum OcrBench {
  /**
   * All data sets but one: case does not matter, a line end is a space, and full-width forms of
   * ASCII (U+FF01 to U+FF5E) and the ideographic space are their narrow ones. Nothing else is
   * folded, as NFKC would do: a circled or raised digit is no digit.
   */
  TEXT(text -> PythonText.strip(narrow(text.toLowerCase(Locale.ROOT))).replace('\n', ' ')),

  /** Formulas of HME100k: spaces and line ends do not count, case and width do. */
  FORMULA(text -> PythonText.strip(text).replace("\n", "").replace(" ", ""));

  private static final int WIDE_FIRST = 0xff01;
  private static final int WIDE_LAST = 0xff5e;
  private static final int NARROW_FIRST = '!';
  private static final int WIDE_SPACE = 0x3000;

  private final UnaryOperator<String> normalForm;

  OcrBench(UnaryOperator<String> normalForm) {
    this.normalForm = normalForm;
  }

  /** The rule of a data set, by the name in its rows. */
  public static OcrBench of(String dataset) {
    return dataset.equals("HME100k") ? FORMULA : TEXT;
  }

  /**
   * The score of a prediction.
   *
   * @param answers any of which may be in the prediction
   */
  public int score(List<String> answers, String prediction) {
    String read = normalForm.apply(prediction);
    return answers.stream().map(normalForm).anyMatch(read::contains) ? 1 : 0;
  }

  private static String narrow(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.chars().map(OcrBench::narrow).forEach(letter -> out.append((char) letter));
    return out.toString();
  }

  private static int narrow(int letter) {
    if (letter == WIDE_SPACE) {
      return ' ';
    }
    boolean wide = letter >= WIDE_FIRST && letter <= WIDE_LAST;
    return wide ? letter - WIDE_FIRST + NARROW_FIRST : letter;
  }
}
