package krites.reward.published;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import krites.reward.PythonText;

/**
 * Which option a free text chooses, as MMMU reads it: a letter in brackets, a letter between
 * spaces, an option's own words; of several the last.
 *
 * <p>Where nothing is found the published programs draw an option at random; here that is empty,
 * and the caller draws with a seed and says so.
 */
public enum MmmuChoice {
  /** {@code eval/eval_utils.py} of MMMU-Benchmark/MMMU. */
  OFFICIAL,

  /** {@code tasks/mmmu/utils.py} of lmms-eval: also {@code A } and {@code A.} within words. */
  LMMS_EVAL,

  /** {@code mmmu-pro/evaluate.py}: as lmms-eval, after a unique letter behind {@code Answer:}. */
  PRO;

  private static final String ANSWER = "Answer:";
  private static final String EDGES = ",.!?;:'";

  /** A text of at most so many words is not searched for the words of an option. */
  private static final int WORDS_MIN = 5;

  /**
   * The option that a response chooses, from 0.
   *
   * @param options in the order of their letters A, B, C, ...
   */
  public OptionalInt read(String response, List<String> options) {
    if (this == PRO) {
      OptionalInt named = behindAnswer(response, options.size());
      if (named.isPresent()) {
        return named;
      }
    }
    String text = " " + withoutEdges(response) + " ";
    List<Integer> found = holding(text, options.size(), letter -> "(" + letter + ")");
    if (!found.isEmpty()) {
      return last(found, option -> text.lastIndexOf("(" + letter(option) + ")"));
    }
    found = bare(text, options.size());
    if (!found.isEmpty()) {
      return last(found, option -> text.lastIndexOf(" " + letter(option) + " "));
    }
    if (words(text) <= WORDS_MIN) {
      return OptionalInt.empty();
    }
    String lower = text.toLowerCase(Locale.ROOT);
    List<Integer> meant = new ArrayList<>();
    for (int option = 0; option < options.size(); option++) {
      if (lower.contains(options.get(option).toLowerCase(Locale.ROOT))) {
        meant.add(option);
      }
    }
    return last(meant, option -> lower.lastIndexOf(options.get(option).toLowerCase(Locale.ROOT)));
  }

  private static OptionalInt behindAnswer(String response, int options) {
    int at = response.lastIndexOf(ANSWER);
    if (at < 0) {
      return OptionalInt.empty();
    }
    List<Integer> found =
        holding(response.substring(at + ANSWER.length()), options, letter -> letter);
    return found.size() == 1 ? OptionalInt.of(found.getFirst()) : OptionalInt.empty();
  }

  private List<Integer> bare(String text, int options) {
    return switch (this) {
      case OFFICIAL -> holding(text, options, letter -> " " + letter + " ");
      case LMMS_EVAL, PRO -> {
        List<Integer> spaced = holding(text, options, letter -> letter + " ");
        yield spaced.isEmpty() ? holding(text, options, letter -> letter + ".") : spaced;
      }
    };
  }

  private interface Spelling {
    String of(String letter);
  }

  private static List<Integer> holding(String text, int options, Spelling spelling) {
    List<Integer> found = new ArrayList<>();
    for (int option = 0; option < options; option++) {
      if (text.contains(spelling.of(letter(option)))) {
        found.add(option);
      }
    }
    return found;
  }

  /** The candidate that stands last; the first of those that stand at the same place. */
  private static OptionalInt last(List<Integer> candidates, IntFunction<Integer> place) {
    Optional<Integer> best = Optional.empty();
    int furthest = Integer.MIN_VALUE;
    for (int candidate : candidates) {
      if (place.apply(candidate) > furthest) {
        furthest = place.apply(candidate);
        best = Optional.of(candidate);
      }
    }
    return best.map(OptionalInt::of).orElse(OptionalInt.empty());
  }

  /** One mark of punctuation after the other is stripped, all of its kind at both ends. */
  private static String withoutEdges(String response) {
    String text = response;
    for (int i = 0; i < EDGES.length(); i++) {
      char mark = EDGES.charAt(i);
      int from = 0;
      int to = text.length();
      while (from < to && text.charAt(from) == mark) {
        from++;
      }
      while (to > from && text.charAt(to - 1) == mark) {
        to--;
      }
      text = text.substring(from, to);
    }
    return text;
  }

  private static int words(String text) {
    int words = 0;
    boolean inside = false;
    for (int i = 0; i < text.length(); i++) {
      boolean letter = !PythonText.isSpace(text.charAt(i));
      words += letter && !inside ? 1 : 0;
      inside = letter;
    }
    return words;
  }

  /** The letter of an option, from 0. */
  public static String letter(int option) {
    return Character.toString('A' + option);
  }
}
