package krites.reward.published;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import krites.reward.PythonText;

/**
 * What an answer without options says, as MMMU reads it: the ends of the sentences that seem to
 * conclude, and all numbers in them.
 *
 * <p>Source: {@code eval/eval_utils.py} of MMMU-Benchmark/MMMU.
 *
 * @param texts in lower case; a single letter stands with a space before it and one behind it
 * @param numbers rounded to two digits
 */
public record MmmuOpen(Set<String> texts, Set<Double> numbers) {
  private static final Pattern SENTENCES = Pattern.compile("\\.\\s(?=[A-Z])|\\n");
  private static final List<String> CONCLUDING =
      List.of("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ");

  /** In the last sentence an equation concludes too. */
  private static final String EQUALS = "=";

  private static final List<String> TRIVIAL = List.of(":", ",", ".", "!", "?", ";", "'");
  private static final int UNICODE = Pattern.UNICODE_CHARACTER_CLASS;
  private static final List<Pattern> NUMBERS =
      List.of(
          Pattern.compile("-?\\b\\d{1,3}(?:,\\d{3})+\\b", UNICODE),
          Pattern.compile("-?\\d+(?:\\.\\d+)?[eE][+-]?\\d+", UNICODE),
          Pattern.compile("-?(?:\\d+\\.\\d+|\\.\\d+|\\d+\\b)(?![eE][+-]?\\d+)(?![,\\d])", UNICODE));

  /** Digits after the point that count. */
  private static final int DIGITS = 2;

  public MmmuOpen {
    texts = Set.copyOf(texts);
    numbers = Set.copyOf(numbers);
  }

  /** Reads a response. */
  public static MmmuOpen read(String response) {
    List<String> parts = new ArrayList<>(conclusions(response));
    for (String part : List.copyOf(parts)) {
      for (Pattern pattern : NUMBERS) {
        pattern.matcher(part).results().forEach(match -> parts.add(match.group()));
      }
    }
    return normalised(parts);
  }

  private static List<String> conclusions(String response) {
    String text = withoutDots(PythonText.strip(response)).toLowerCase(Locale.ROOT);
    String[] sentences = SENTENCES.split(text, -1);
    List<String> ends = new ArrayList<>();
    for (int i = 0; i < sentences.length; i++) {
      String end = conclusion(sentences[i], i == sentences.length - 1);
      if (!end.isEmpty() && !TRIVIAL.contains(end)) {
        ends.add(end);
      }
    }
    return ends.isEmpty() ? List.of(text) : ends;
  }

  /** The shortest end of a sentence behind a concluding word; empty where there is none. */
  private static String conclusion(String sentence, boolean last) {
    List<String> signs = new ArrayList<>(CONCLUDING);
    if (last) {
      signs.add(EQUALS);
    }
    String shortest = "";
    for (String sign : signs) {
      int at = sentence.lastIndexOf(sign);
      if (at >= 0) {
        String end = PythonText.strip(sentence.substring(at + sign.length()));
        if (shortest.isEmpty() || end.length() < shortest.length()) {
          shortest = end;
        }
      }
    }
    return shortest;
  }

  private static String withoutDots(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && text.charAt(from) == '.') {
      from++;
    }
    while (to > from && text.charAt(to - 1) == '.') {
      to--;
    }
    return text.substring(from, to);
  }

  private static MmmuOpen normalised(List<String> parts) {
    Set<String> texts = new LinkedHashSet<>();
    Set<Double> numbers = new LinkedHashSet<>();
    for (String part : parts) {
      String text = PythonText.strip(part);
      PythonText.toFloat(text.replace(",", ""))
          .ifPresentOrElse(
              number -> numbers.add(PythonNumbers.round(number, DIGITS)),
              () -> texts.addAll(spelled(text.toLowerCase(Locale.ROOT))));
    }
    return new MmmuOpen(texts, numbers);
  }

  private static List<String> spelled(String text) {
    return text.codePointCount(0, text.length()) == 1
        ? List.of(" " + text, text + " ")
        : List.of(text);
  }

  /**
   * Whether one of the expected answers is among what was read: an equal number, or its words in
   * one of the texts.
   */
  public boolean matches(List<String> expected) {
    MmmuOpen wanted = normalised(expected);
    return texts.stream().anyMatch(text -> wanted.texts.stream().anyMatch(text::contains))
        || numbers.stream().anyMatch(wanted.numbers::contains);
  }
}
