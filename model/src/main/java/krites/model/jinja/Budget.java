package krites.model.jinja;

/** How much a rendering may do and build before it is stopped: a template comes from a stranger. */
final class Budget {
  /** A conversation of a hundred messages takes about ten thousand. */
  static final long STEPS = 500_000;

  /** Letters of all texts that are built, the output included; a long prompt has 100,000. */
  static final long LETTERS = 16L << 20;

  private long steps = STEPS;
  private long letters = LETTERS;

  /** One more evaluation, turn of a loop, or item of a list. */
  void step(int line) {
    steps(line, 1);
  }

  void steps(int line, long count) {
    steps -= count;
    if (steps < 0) {
      throw new JinjaException(line, "the template takes more than " + STEPS + " steps");
    }
  }

  /** A text of this length is built. */
  void letters(int line, long count) {
    letters -= count;
    if (letters < 0) {
      throw new JinjaException(line, "the template makes more than " + LETTERS + " letters");
    }
  }
}
