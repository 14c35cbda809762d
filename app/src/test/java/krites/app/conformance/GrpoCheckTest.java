package krites.app.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check itself: that it finds planted errors and says what it does not know. */
class GrpoCheckTest {
  private static final String KL =
      """
      {"cases": [{"name": "hand", "kl_penalty": "%s", "log_probs": [[-1.0, -2.0]],
        "ref_log_probs": [[-1.5, -2.0]], "kl": [[%s, 0.0]]}]}
      """;

  @TempDir Path directory;
  private Path grpo;

  @BeforeEach
  void makeFolder() throws IOException {
    grpo = Files.createDirectory(directory.resolve("grpo"));
  }

  @Test
  void aRightNumberPassesAndAWrongOneFailsWithItsPlace() throws IOException {
    Files.writeString(grpo.resolve("easyr1_kl.json"), KL.formatted("kl", "0.5"));
    assertTrue(only(run()).passed());
    Files.writeString(grpo.resolve("easyr1_kl.json"), KL.formatted("kl", "0.5001"));
    CaseResult result = only(run());
    assertFalse(result.passed());
    assertEquals(1e-4, result.maxDifference(), 1e-9);
    assertEquals("number 0: expected 0.5001, got 0.5", result.note());
  }

  @Test
  void whatIsNotKnownIsAFailureThatNamesIt() throws IOException {
    Files.writeString(grpo.resolve("easyr1_kl.json"), KL.formatted("k9", "0.5"));
    Files.writeString(grpo.resolve("easyr1_magic.json"), KL.formatted("kl", "0.5"));
    Files.writeString(grpo.resolve("trl_kl.json"), KL.formatted("kl", "0.5"));
    List<CaseResult> results = run();
    assertEquals(3, results.size());
    assertTrue(results.get(0).note().contains("'k9'"), results.get(0).note());
    assertTrue(results.get(1).note().contains("'magic'"), results.get(1).note());
    assertTrue(results.get(2).note().contains("'trl'"), results.get(2).note());
    assertTrue(results.stream().noneMatch(CaseResult::passed));
  }

  @Test
  void aMissingKeyABrokenFileAndAnEmptyOneAreFailures() throws IOException {
    Files.writeString(grpo.resolve("easyr1_kl.json"), "{\"cases\": [{\"kl_penalty\": \"kl\"}]}");
    Files.writeString(grpo.resolve("verl_agg_loss.json"), "{\"cases\": [");
    Files.writeString(grpo.resolve("verl_kl.json"), "{\"cases\": []}");
    List<CaseResult> results = run();
    assertEquals("the case has no 'log_probs'", results.get(0).note());
    assertTrue(results.get(1).note().contains("is not JSON"), results.get(1).note());
    assertTrue(results.get(2).note().contains("no list 'cases'"), results.get(2).note());
    assertTrue(results.stream().noneMatch(CaseResult::passed));
  }

  @Test
  void aResultOfAnotherLengthFails() throws IOException {
    Files.writeString(grpo.resolve("easyr1_kl.json"), KL.formatted("kl", "0.5, 0.0"));
    assertEquals("expected 3 numbers, got 2", only(run()).note());
  }

  /** One token, ratio 1.5 under clip 0.2 and 0.3, advantage 2: loss -2.6 without a gradient. */
  @Test
  void theTensorCheckComparesLossAndGradientAndFindsAWrongOne() throws IOException {
    String policy =
        """
        {"cases": [{"name": "hand", "params": {"clip_ratio_low": 0.2, "clip_ratio_high": 0.3,
          "clip_ratio_dual": 3.0}, "inputs": {"old_log_probs": [[-1.0, -1.0]],
          "log_probs": [[-0.5945349, -9.0]], "advantages": [[2.0, 0.0]],
          "response_mask": [[1, 0]]}, "loss": %s, "grad_log_probs": [[%s, 0.0]],
          "metrics": {"pg_clipfrac_higher": 1.0}}]}
        """;
    Files.writeString(grpo.resolve("critic_policy_loss.json"), policy.formatted("-2.6", "0.0"));
    Files.writeString(grpo.resolve("easyr1_kl.json"), KL.formatted("k9", "0.5"));
    List<CaseResult> right = runTensors();
    assertEquals(List.of(true, true, true, false), right.stream().map(CaseResult::passed).toList());
    assertTrue(right.getLast().note().contains("'k9'"), right.getLast().note());
    Files.writeString(grpo.resolve("critic_policy_loss.json"), policy.formatted("-2.7", "-3.0"));
    List<CaseResult> wrong = runTensors();
    assertEquals(
        List.of(false, false, true, false), wrong.stream().map(CaseResult::passed).toList());
  }

  @Test
  void theSamplingCheckFindsATokenThatShouldHaveBeenRemoved() throws IOException {
    Path sampling = Files.createDirectory(directory.resolve("sampling"));
    Files.writeString(
        sampling.resolve("logits_processors.json"),
        """
        {"cases": [{"temperature": 1.0, "top_k": 1, "top_p": 1.0, "repetition_penalty": 1.0,
          "input_ids": [[0]], "logits": [[1.0, 2.0]], "processed_logits": [["-Infinity", 2.0]],
          "kept": [[1]], "probabilities": [[0.25, 0.75]]}]}
        """);
    List<CaseResult> results = new ArrayList<>();
    new SamplingCheck().run(directory, results::add);
    assertEquals(List.of(true, true, false), results.stream().map(CaseResult::passed).toList());
  }

  private List<CaseResult> run() throws IOException {
    List<CaseResult> results = new ArrayList<>();
    new GrpoCheck().run(directory, results::add);
    return results;
  }

  private List<CaseResult> runTensors() throws IOException {
    List<CaseResult> results = new ArrayList<>();
    new GrpoTensorCheck().run(directory, results::add);
    return results;
  }

  private static CaseResult only(List<CaseResult> results) {
    assertEquals(1, results.size());
    return results.getFirst();
  }
}
