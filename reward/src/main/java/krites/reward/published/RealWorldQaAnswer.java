package krites.reward.published;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import krites.reward.PythonText;

/**
 * RealWorldQA's comparison: number words become digits, the words of an option its letter, and the
 * rest, without punctuation, must be the expected answer but for case.
 *
 * <p>Source: filters and {@code realworldqa_process_results} of {@code tasks/realworldqa/utils.py}
 * of lmms-eval. Options stand in the question as {@code A. words}, a line each.
 */
public final class RealWorldQaAnswer {
  private static final List<String> NUMBERS =
      List.of(
          "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten");

  private static final Pattern OPTION =
      Pattern.compile("\\b([A-Z])\\.\\s+([^\\n]*)", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern PUNCTUATION =
      Pattern.compile("[^\\w\\s]", Pattern.UNICODE_CHARACTER_CLASS);

  private RealWorldQaAnswer() {}

  /** What is compared of a prediction. */
  public static String read(String question, String prediction) {
    int number = NUMBERS.indexOf(prediction.toLowerCase(Locale.ROOT));
    String digits = number < 0 ? prediction : Integer.toString(number);
    String plain = PythonText.strip(PUNCTUATION.matcher(digits).replaceAll(""));
    Map<String, String> letters = letters(question);
    if (letters.isEmpty()) {
      return plain;
    }
    String any = letters.keySet().stream().map(Pattern::quote).collect(Collectors.joining("|"));
    Matcher option = Pattern.compile(any).matcher(plain);
    return option.find() ? letters.getOrDefault(option.group(), plain) : plain;
  }

  /** Letters by the words of their options; of equal words the last counts. */
  private static Map<String, String> letters(String question) {
    Map<String, String> letters = new LinkedHashMap<>();
    Matcher option = OPTION.matcher(question);
    int next = 0;
    while (option.find()) {
      letters.put(PythonText.strip(option.group(2)), MmmuChoice.letter(next++));
    }
    return letters;
  }

  /** Whether a prediction is right. */
  public static boolean correct(String question, String prediction, String expected) {
    String seen = PythonText.strip(read(question, prediction).toLowerCase(Locale.ROOT));
    return seen.replaceFirst("\\.+$", "")
        .equals(PythonText.strip(expected.toLowerCase(Locale.ROOT)));
  }
}
