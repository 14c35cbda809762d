package krites.data.benchmark;

/**
 * Benchmarks that put words before and after the question and nothing else.
 *
 * @param prePrompt what comes before
 * @param postPrompt what comes after
 * @param edges what becomes of white space around the question
 * @param maxNewTokens as in {@link BenchmarkPrompts#maxNewTokens}
 */
public record FramedPrompts(String prePrompt, String postPrompt, Edges edges, int maxNewTokens)
    implements BenchmarkPrompts {
  /** White space around a question. */
  public enum Edges {
    KEPT,
    STRIPPED
  }

  /** HallusionBench, questions with a picture: the question alone. */
  public static FramedPrompts hallusionBench() {
    return new FramedPrompts("", "", Edges.KEPT, 128);
  }

  /** OCRBench: the question alone. */
  public static FramedPrompts ocrBench() {
    return new FramedPrompts("", "", Edges.STRIPPED, 128);
  }

  /** MMLongBench-Doc: the question, and how to say that the document does not answer it. */
  public static FramedPrompts mmLongBenchDoc() {
    return new FramedPrompts(
        "",
        "\nAnswer with a single word or phrase. If the answer is not in the document, answer"
            + " 'Not answerable'.",
        Edges.STRIPPED,
        64);
  }

  /** The same benchmark with other words. */
  public FramedPrompts with(String otherPrePrompt, String otherPostPrompt) {
    return new FramedPrompts(otherPrePrompt, otherPostPrompt, edges, maxNewTokens);
  }

  @Override
  public String text(BenchmarkRow row) {
    String question = row.text("question");
    return prePrompt
        + switch (edges) {
          case KEPT -> question;
          case STRIPPED -> PythonText.strip(question);
        }
        + postPrompt;
  }
}
