package krites.data.format;

import java.util.Locale;
import java.util.Optional;
import krites.grpo.Label;

/** Reads the spellings of a preference that datasets use. */
final class LabelReader {
  /** For messages. */
  static final String EXPECTED = "1, 2, first, second, A, B or tie";

  private LabelReader() {}

  /** The label of a spelling, upper or lower case; empty if it is none. */
  static Optional<Label> read(String spelling) {
    return switch (spelling.strip().toLowerCase(Locale.ROOT)) {
      case "1", "first", "a" -> Optional.of(Label.FIRST);
      case "2", "second", "b" -> Optional.of(Label.SECOND);
      case "tie", "equal", "equally good" -> Optional.of(Label.TIE);
      default -> Optional.empty();
    };
  }
}
