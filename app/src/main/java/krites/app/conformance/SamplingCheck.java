package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import krites.grpo.Sampling;
import krites.rollout.PlainSampling;

/**
 * Checks the plain logits processors against {@code DIR/sampling/logits_processors.json}: processed
 * logits within 1e-5, probabilities within 1e-6, the kept tokens equal.
 */
public final class SamplingCheck implements ConformanceCheck {
  private static final String FILE = "logits_processors.json";
  private static final double LOGIT_TOLERANCE = 1e-5;
  private static final double PROBABILITY_TOLERANCE = 1e-6;

  @Override
  public String name() {
    return "sampling";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isRegularFile(directory.resolve(name()).resolve(FILE));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    Path file = directory.resolve(name()).resolve(FILE);
    JsonNode cases = GoldenJson.cases(this, FILE, "file", file, results);
    for (int i = 0; i < cases.size(); i++) {
      String caseName = "logits_processors/" + i;
      try {
        runCase(cases.get(i), caseName, results);
      } catch (IllegalArgumentException
          | NullPointerException
          | IndexOutOfBoundsException trouble) {
        results.accept(
            CaseResult.failed(name(), caseName, "case", String.valueOf(trouble.getMessage())));
      }
    }
  }

  private void runCase(JsonNode golden, String caseName, Consumer<CaseResult> results) {
    Sampling sampling =
        new Sampling(
            1,
            (float) GoldenJson.number(golden, "temperature"),
            (float) GoldenJson.number(golden, "top_p"),
            (int) GoldenJson.number(golden, "top_k"),
            (float) GoldenJson.number(golden, "repetition_penalty"),
            1);
    String settings =
        String.format(
            " temperature=%s top_k=%d top_p=%s repetition_penalty=%s",
            sampling.temperature(), sampling.topK(), sampling.topP(), sampling.repetitionPenalty());
    double[][] logits = GoldenJson.table(golden, "logits");
    int[][] seen = GoldenJson.integers(golden, "input_ids");
    for (int row = 0; row < logits.length; row++) {
      GoldenComparison comparison =
          new GoldenComparison(name(), caseName + " row " + row + settings, results);
      float[] processed =
          PlainSampling.process(GoldenJson.floats(logits[row]), seen[row], sampling);
      double[] kept =
          IntStream.range(0, processed.length)
              .filter(v -> processed[v] != Float.NEGATIVE_INFINITY)
              .asDoubleStream()
              .toArray();
      double[] probabilities = GoldenJson.doubles(PlainSampling.probabilities(processed));
      JsonNode expected = GoldenJson.need(golden, "processed_logits").get(row);
      comparison.compareScaled(
          "processed_logits", expected, LOGIT_TOLERANCE, 1, GoldenJson.doubles(processed));
      comparison.compareEqual("kept", GoldenJson.need(golden, "kept").get(row), kept);
      JsonNode goldenProbabilities = GoldenJson.need(golden, "probabilities").get(row);
      comparison.compareScaled(
          "probabilities", goldenProbabilities, PROBABILITY_TOLERANCE, 1, probabilities);
    }
  }
}
