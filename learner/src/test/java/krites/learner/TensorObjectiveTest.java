package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.Optional;
import krites.grpo.objective.Correction;
import krites.grpo.objective.DecoupledObjective;
import krites.grpo.objective.RegularisedObjective;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tensor objectives against their plain twins: loss, metrics and gradient. */
class TensorObjectiveTest {
  /** Float32 against double, relative to {@code max(1, |plain|)}; seen is below 5e-7. */
  private static final double TOLERANCE = 2e-6;

  private static final int SEEDS = 2;
  private static NDManager manager;
  private static TensorObjective tensors;

  @BeforeAll
  static void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    tensors = new TensorObjective(manager);
  }

  @AfterAll
  static void stop() {
    tensors.close();
    manager.close();
  }

  @Test
  void everyAllowedCombinationAgreesWithItsPlainTwin() {
    int compared = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectiveSample sample = ObjectiveSample.random(seed);
      for (DecoupledObjective objective : ObjectiveChoices.all()) {
        for (TokenWeights averaging : TokenWeights.values()) {
          Optional<String> difference = difference(tensors, objective, sample, averaging);
          assertEquals(
              Optional.empty(), difference, "seed " + seed + " " + averaging + " " + objective);
          compared++;
        }
      }
    }
    assertEquals(SEEDS * 6 * (26 * 4 + 3 * 3) * 4, compared, "combinations");
  }

  @Test
  void whatIsCountedAgreesWithThePlainTwin() {
    for (long seed = 0; seed < 4; seed++) {
      ObjectiveSample sample = ObjectiveSample.random(seed);
      float[] weights = sample.weights(TokenWeights.TOKEN_MEAN);
      for (DecoupledObjective objective : ObjectiveChoices.all()) {
        String what = "seed " + seed + " " + objective;
        TrainingCore.PolicyLoss loss =
            tensors.evaluate(objective, sample.logProbs(), sample.targets(weights)).loss();
        Correction.Factors factors = objective.factors(sample.plain());
        assertEquals(factors.truncatedTokens(), loss.counts()[13], what + " truncated");
        assertEquals(factors.maskedTokens(), loss.counts()[14], what + " masked tokens");
        assertEquals(factors.maskedResponses(), loss.counts()[15], what + " masked responses");
        RegularisedObjective.Loss plain = plain(objective, sample, TokenWeights.TOKEN_MEAN);
        assertEquals(plain.policy().clipFractionHigh(), loss.clippedHigh(), 1e-5, what);
        assertEquals(plain.policy().clipFractionLow(), loss.clippedLow(), 1e-5, what);
        assertEquals(plain.policy().ppoKl(), loss.policyKl(), 1e-5, what);
      }
    }
  }

  /** The order of responses in a batch says nothing. */
  @Test
  void theOrderOfResponsesChangesNoGradient() {
    for (long seed = 100; seed < 102; seed++) {
      ObjectiveSample sample = ObjectiveSample.random(seed);
      ObjectiveSample reversed = sample.reversed();
      for (DecoupledObjective objective : ObjectiveChoices.all()) {
        float[] weights = sample.weights(TokenWeights.SEQUENCE_MEAN);
        float[] other = reversed.weights(TokenWeights.SEQUENCE_MEAN);
        float[] expected =
            tensors.evaluate(objective, sample.logProbs(), sample.targets(weights)).gradient();
        float[] actual =
            tensors.evaluate(objective, reversed.logProbs(), reversed.targets(other)).gradient();
        assertArrayEquals(
            sample.reversed(expected), actual, 1e-6f, "seed " + seed + " " + objective);
      }
    }
  }

  /**
   * A text with a fault in it does not pass the comparison above: the fault, what stands in the
   * text, what is planted instead.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          the clip bounds are swapped | torch.sub(1.0, n[0]) | torch.sub(1.0, n[1])
          no stop-gradient on the weight of CISPO | torch.detach(torch.exp(torch.clamp(used, lower, upper))) | torch.exp(torch.clamp(used, lower, upper))
          no stop-gradient on the approximated proximal policy | torch.sub(torch.detach(current), behaviour) | torch.sub(current, behaviour)
          the proximal policy is taken from the other end | torch.div(staleness, torch.add(staleness, 1.0)) | torch.reciprocal(torch.add(staleness, 1.0))
          a sum instead of a mean over the response | return torch.div(self.response_sum(values, response, responses), length) | return self.response_sum(values, response, responses)
          GSPO without the gradient of its mean | used = mean | used = torch.detach(mean)
          GSPO-token with the gradient of the mean | torch.detach(mean)) | mean)
          fresh tokens are weighed too | stale = torch.to(torch.gt(t[2], 0), 6) | stale = torch.to(torch.ge(t[2], 0), 6)
          the cap is forgotten | factor = torch.clamp(own, None, n[5]) | factor = own
          the product has no cap | factor = torch.clamp(total, None, n[5]) | factor = total
          the mask has one side only | torch.ge(measure, low) | torch.ge(measure, 0.0)
          masked responses keep their weight | factor = torch.mul(total, kept) | factor = total
          k3 of the other direction | torch.sub(reference, logp), -20.0 | torch.sub(logp, reference), -20.0
          the dual clip acts on good tokens | torch.lt(advantage, 0), torch.minimum | torch.gt(advantage, 0), torch.minimum
          the gates are exchanged | torch.mul(good, n[3]) | torch.mul(good, n[4])
          tokens of another response are added up | torch.new_zeros(values, [responses]), 0, response, values | torch.new_zeros(values, [responses]), 0, torch.flip(response, [0]), values
          the averaging weights are left out of the divergence | torch.sum(torch.mul(divergence, t[5])) | torch.sum(divergence)
          an estimate with a plus keeps its own gradient too | torch.detach(divergence)) | divergence)
          an estimate with a plus has the value of k2 | torch.add(torch.sub(k2, torch.detach(k2)), torch.detach(divergence)) | k2
          an estimate with a plus counts the value of k2 too | torch.sub(k2, torch.detach(k2)) | k2
          an estimate with a plus has no gradient | torch.sub(k2, torch.detach(k2)), | torch.sub(torch.detach(k2), torch.detach(k2)),
          every estimate has the gradient of k2 | torch.eq(straight, 1) | torch.ge(straight, 0)
          no estimate has the gradient of k2 | torch.eq(straight, 1) | torch.eq(straight, 2)
          """)
  void plantedFaultsAreFound(String fault, String text, String planted) {
    String faulty = ObjectiveScript.TEXT.replace(text, planted);
    assertNotEquals(ObjectiveScript.TEXT, faulty, "nothing was planted");
    try (TensorObjective other = new TensorObjective(manager, faulty)) {
      ObjectiveSample sample = ObjectiveSample.random(2);
      assertTrue(
          ObjectiveChoices.all().stream()
              .anyMatch(
                  objective ->
                      difference(other, objective, sample, TokenWeights.TOKEN_MEAN).isPresent()),
          fault + " was not found");
    }
  }

  /** What differs, if anything does. */
  private static Optional<String> difference(
      TensorObjective tensors,
      DecoupledObjective objective,
      ObjectiveSample sample,
      TokenWeights averaging) {
    RegularisedObjective.Loss plain = plain(objective, sample, averaging);
    TensorObjective.Result result =
        tensors.evaluate(objective, sample.logProbs(), sample.targets(sample.weights(averaging)));
    if (!close(plain.total(), result.loss().loss())) {
      return Optional.of("loss " + result.loss().loss() + ", plain " + plain.total());
    }
    if (!close(plain.kl(), result.loss().kl())) {
      return Optional.of("KL " + result.loss().kl() + ", plain " + plain.kl());
    }
    int at = 0;
    for (double[] row : plain.gradient()) {
      for (double expected : row) {
        float actual = result.gradient()[at];
        if (!close(expected, actual)) {
          return Optional.of("gradient of token " + at + ": " + actual + ", plain " + expected);
        }
        at++;
      }
    }
    return Optional.empty();
  }

  private static RegularisedObjective.Loss plain(
      DecoupledObjective objective, ObjectiveSample sample, TokenWeights averaging) {
    return objective.evaluate(
        sample.plain(), sample.table(sample.reference()), sample.aggregation(averaging));
  }

  private static boolean close(double expected, double actual) {
    return Math.abs(expected - actual) <= TOLERANCE * Math.max(1, Math.abs(expected));
  }
}
