package krites.data.report;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import krites.data.format.PairText;
import krites.data.format.Sample;
import krites.grpo.Label;

/**
 * Samples that occur again: the same images and texts, pairs in either order. Thirty bytes a sample
 * are kept.
 */
public final class Duplicates {
  private final Map<Long, Label> pairs = new HashMap<>();
  private final Map<Long, Long> items = new HashMap<>();
  private long repeated;
  private long contradicting;

  /**
   * Looks at a sample.
   *
   * @param images fingerprints of its images
   */
  void add(Sample sample, List<Long> images) {
    switch (sample) {
      case Sample.Item item -> {
        long answer = Fingerprint.of(item.answer());
        Long earlier = items.putIfAbsent(Fingerprint.of(images + " " + item.question()), answer);
        repeated += earlier == null ? 0 : 1;
        contradicting += earlier == null || earlier == answer ? 0 : 1;
      }
      case Sample.Pair pair -> pair(pair, images);
    }
  }

  private void pair(Sample.Pair pair, List<Long> images) {
    PairText.Fields fields =
        pair.text()
            .fields()
            .orElseGet(() -> new PairText.Fields(Fingerprint.question(pair), "", ""));
    boolean turned = fields.first().compareTo(fields.second()) > 0;
    String lower = turned ? fields.second() : fields.first();
    String upper = turned ? fields.first() : fields.second();
    Label label = turned ? pair.label().exchanged() : pair.label();
    long key =
        Fingerprint.of(
            images
                + " q "
                + Fingerprint.of(fields.question())
                + " a "
                + Fingerprint.of(lower)
                + " b "
                + Fingerprint.of(upper));
    Label earlier = pairs.putIfAbsent(key, label);
    repeated += earlier == null ? 0 : 1;
    contradicting += earlier == null || earlier == label ? 0 : 1;
  }

  /** Samples that stood before. */
  public long repeated() {
    return repeated;
  }

  /** Of these, the ones with another label or answer than at first. */
  public long contradicting() {
    return contradicting;
  }
}
