package krites.eval.critic;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.ImageRef;
import krites.grpo.Label;

/**
 * One pair of a critic benchmark.
 *
 * @param number of the pair in the data, from 0
 * @param id unique in the data
 * @param unit what was drawn when the data were made: all pairs of one id of the file
 * @param label FIRST or SECOND; a tie is no pair of a benchmark
 * @param images in order
 * @param trouble why it cannot be asked with its pictures, in one line
 * @param tags what reports group by
 */
public record CriticPair(
    long number,
    String id,
    String unit,
    String question,
    String first,
    String second,
    Label label,
    List<ImageRef> images,
    Optional<String> trouble,
    Map<String, String> tags) {
  public CriticPair {
    images = List.copyOf(images);
    tags = Map.copyOf(tags);
    if (label == Label.TIE) {
      throw new IllegalArgumentException("pair " + id + " is a tie");
    }
  }

  /** Whether the preferred response has more letters than the other. */
  boolean preferredIsLonger() {
    int ahead = letters(first) - letters(second);
    return label == Label.FIRST ? ahead > 0 : ahead < 0;
  }

  private static int letters(String text) {
    return text.codePointCount(0, text.length());
  }
}
