package krites.reward.published;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Whether a text says yes or no: the one of the two words that is in it without the other.
 *
 * <p>Source: {@code YOrN_Extraction} of VLMEvalKit, which scores HallusionBench so where no judge
 * is at hand; the authors have GPT-4 compare. Words here are runs of letters, whatever marks stand
 * around them.
 */
public final class YesNoAnswer {
  private YesNoAnswer() {}

  /** Yes, no, or empty where the text says neither or both. */
  public static Optional<Boolean> read(String text) {
    List<String> words = Arrays.asList(text.toLowerCase(Locale.ROOT).split("[^\\p{L}]+"));
    boolean yes = words.contains("yes");
    boolean no = words.contains("no");
    return yes == no ? Optional.empty() : Optional.of(yes);
  }
}
