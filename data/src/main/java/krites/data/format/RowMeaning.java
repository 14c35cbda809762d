package krites.data.format;

import java.util.List;

/** What a format makes of a row that is not damaged. */
public sealed interface RowMeaning {
  /** Samples, at least one. */
  record Samples(List<Sample> samples) implements RowMeaning {
    public Samples {
      samples = List.copyOf(samples);
    }
  }

  /** Nothing to learn from; the reason is counted. */
  record Nothing(Reason reason) implements RowMeaning {}

  /** Why a sound row gives nothing. */
  enum Reason {
    NO_PAIR("no pair in the row"),
    NO_VERDICT("no verdict on the pair"),
    RECORDED("a judge's recorded output, without a question");

    private final String words;

    Reason(String words) {
      this.words = words;
    }

    /** For a person. */
    public String words() {
      return words;
    }
  }

  static RowMeaning of(Sample sample) {
    return new Samples(List.of(sample));
  }
}
