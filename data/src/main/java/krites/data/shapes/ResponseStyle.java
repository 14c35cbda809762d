package krites.data.shapes;

import java.util.Locale;

/** How a response of a pair is worded. */
public enum ResponseStyle {
  /** The answer alone. */
  WORD,
  /** One sentence that claims the answer. */
  SENTENCE,
  /** All objects, the one asked about as the answer has it. */
  CAPTION;

  /** Lower-case name, as in tags. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
