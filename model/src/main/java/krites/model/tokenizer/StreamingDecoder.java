package krites.model.tokenizer;

/**
 * Turns ids into text while they are sampled: each call gives the characters that have become
 * whole.
 *
 * <p>All that {@link #next} and {@link #finish} return, put together, is what {@link
 * Tokenizer#decode} makes of all ids. Ids without a token give nothing. Needs no native call; used
 * by one thread.
 */
public final class StreamingDecoder {
  private final Vocabulary vocabulary;
  private final boolean skipSpecial;
  private final Utf8Stream bytes = new Utf8Stream();

  StreamingDecoder(Vocabulary vocabulary, boolean skipSpecial) {
    this.vocabulary = vocabulary;
    this.skipSpecial = skipSpecial;
  }

  /** The characters that this id completes; empty while one is unfinished. */
  public String next(int id) {
    if (skipSpecial && vocabulary.isSpecial(id)) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    for (byte value : ByteLetters.bytesOf(vocabulary.tokenOf(id))) {
      bytes.accept(value, text);
    }
    return text.toString();
  }

  /** The characters that some ids complete. */
  public String next(int[] ids) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(next(id));
    }
    return text.toString();
  }

  /**
   * Ends the text: the replacement character if a character is unfinished, else nothing. The
   * decoder then stands at a beginning again.
   */
  public String finish() {
    StringBuilder text = new StringBuilder();
    bytes.finish(text);
    return text.toString();
  }
}
