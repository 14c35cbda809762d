package krites.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import krites.grpo.Sampling;
import org.junit.jupiter.api.Test;

class PlainSamplingTest {
  private static final float GONE = Float.NEGATIVE_INFINITY;

  @Test
  void theRepetitionPenaltyLowersBothSignsOnceHoweverOftenATokenOccurred() {
    float[] processed =
        PlainSampling.process(new float[] {2, -2, 3}, new int[] {0, 1, 0}, sampling(1, 1, 0, 2));
    assertArrayEquals(new float[] {1, -4, 3}, processed);
  }

  @Test
  void topKKeepsTheLargestAndEqualsOfTheLastOne() {
    float[] logits = {1, 4, 3, 3, 2};
    assertArrayEquals(
        new float[] {GONE, 4, 3, 3, GONE},
        PlainSampling.process(logits, new int[0], sampling(1, 1, 2, 1)));
    assertArrayEquals(logits, PlainSampling.process(logits, new int[0], sampling(1, 1, 9, 1)));
  }

  @Test
  void topPKeepsTheSmallestSetThatReachesIt() {
    float[] logits = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.2)};
    assertEquals(1, kept(PlainSampling.process(logits, new int[0], sampling(1, 0.45f, 0, 1))));
    assertEquals(2, kept(PlainSampling.process(logits, new int[0], sampling(1, 0.75f, 0, 1))));
    assertEquals(3, kept(PlainSampling.process(logits, new int[0], sampling(1, 0.85f, 0, 1))));
    assertEquals(1, kept(PlainSampling.process(logits, new int[0], sampling(1, 0.0001f, 0, 1))));
  }

  @Test
  void temperatureComesBeforeTopP() {
    float[] logits = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.2)};
    assertEquals(3, kept(PlainSampling.process(logits, new int[0], sampling(10, 0.75f, 0, 1))));
  }

  @Test
  void temperatureZeroKeepsTheFirstOfTheMostLikely() {
    float[] processed =
        PlainSampling.process(new float[] {1, 5, 5}, new int[0], sampling(0, 1, 0, 1));
    assertArrayEquals(new float[] {GONE, 5, GONE}, processed);
    assertArrayEquals(new float[] {0, 1, 0}, PlainSampling.probabilities(processed));
  }

  @Test
  void drawingFollowsTheProbabilitiesAndNeverTakesARemovedToken() {
    float[] probabilities = {0, 0.25f, 0, 0.75f, 0};
    Random random = new Random(3);
    int[] counts = new int[5];
    for (int k = 0; k < 10_000; k++) {
      counts[PlainSampling.draw(probabilities, random.nextDouble())]++;
    }
    assertEquals(10_000, counts[1] + counts[3]);
    assertEquals(2_500, counts[1], 200, "six standard deviations are 260");
    assertEquals(1, PlainSampling.draw(probabilities, 0));
    assertEquals(3, PlainSampling.draw(probabilities, Math.nextDown(1.0)));
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> PlainSampling.process(new float[] {1}, new int[] {1}, sampling(1, 1, 0, 1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> PlainSampling.process(new float[0], new int[0], sampling(1, 1, 0, 1)));
    assertThrows(IllegalArgumentException.class, () -> PlainSampling.draw(new float[] {1}, 1));
  }

  @Test
  void everySeedLeavesAtLeastOneTokenAndProbabilitiesThatSumToOne() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      float[] logits = new float[1 + random.nextInt(30)];
      for (int v = 0; v < logits.length; v++) {
        logits[v] = (float) (5 * random.nextGaussian());
      }
      Sampling settings =
          sampling(
              0.1f + random.nextFloat(),
              0.01f + 0.9f * random.nextFloat(),
              random.nextInt(6),
              1.1f);
      float[] processed = PlainSampling.process(logits, new int[] {0}, settings);
      assertTrue(kept(processed) >= 1, "seed " + seed);
      double sum = 0;
      for (float probability : PlainSampling.probabilities(processed)) {
        sum += probability;
      }
      assertEquals(1, sum, 1e-5, "seed " + seed);
    }
  }

  @Test
  void theProcessorsOfTransformersAreMatched() throws IOException {
    int cases = 0;
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                PlainSamplingTest.class.getResourceAsStream("logits_processors.txt"),
                StandardCharsets.UTF_8))) {
      lines.readLine();
      for (String head = lines.readLine(); head != null; head = lines.readLine()) {
        String[] values = head.split(" ");
        Sampling settings =
            sampling(
                Float.parseFloat(values[1]),
                Float.parseFloat(values[3]),
                Integer.parseInt(values[2]),
                Float.parseFloat(values[4]));
        int[] seen =
            Arrays.stream(lines.readLine().split(" ")).mapToInt(Integer::parseInt).toArray();
        float[] processed = PlainSampling.process(numbers(lines.readLine()), seen, settings);
        assertArrayEquals(numbers(lines.readLine()), processed, 1e-5f, head);
        assertArrayEquals(
            numbers(lines.readLine()), PlainSampling.probabilities(processed), 1e-6f, head);
        cases++;
      }
    }
    assertTrue(cases >= 20, "only " + cases + " golden rows");
  }

  private static float[] numbers(String line) {
    String[] words = line.split(" ");
    float[] numbers = new float[words.length];
    for (int k = 0; k < words.length; k++) {
      numbers[k] = Float.parseFloat(words[k]);
    }
    return numbers;
  }

  private static Sampling sampling(
      float temperature, float topP, int topK, float repetitionPenalty) {
    return new Sampling(1, temperature, topP, topK, repetitionPenalty, 1);
  }

  private static int kept(float[] logits) {
    int kept = 0;
    for (float logit : logits) {
      kept += logit > GONE ? 1 : 0;
    }
    return kept;
  }
}
