package krites.app.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ExperimentReaderTest {
  private static final String WHOLE =
      """
      title = "Two rates"
      question = "Which?"
      config = [smoke]
      seeds = [3, 5]
      reference = slow
      set { run.steps = 7, learner.lr = 1.0e-4 }
      arms = [
        { name = fast, says = "ten times", set { learner.lr = 1.0e-3 } }
        {
          name = slow
          set { learner.lr = 1.0e-5 }
          stages = [{ kind = sft, set { sft.steps = 70 } }, { set { run.steps = 9 } }]
        }
      ]
      scale { n = [2, 4], limit = 10 }
      evals = [{ bench = shapes-critic, limit = 20 }]
      """;

  @TempDir private Path folder;

  private ExperimentConfig read(String text) throws IOException {
    return new ExperimentReader().read(Files.writeString(folder.resolve("rates.conf"), text));
  }

  private static RunConfig settings(ExperimentConfig experiment, int arm, int stage, long seed) {
    return experiment
        .resolve(experiment.arms().get(arm).stages().get(stage), seed, Map.of())
        .config();
  }

  @Test
  void aWholeFileIsRead() throws IOException {
    ExperimentConfig experiment = read(WHOLE);

    assertEquals("rates", experiment.name());
    assertEquals("Two rates", experiment.title());
    assertEquals(List.of(3L, 5L), experiment.seeds());
    assertEquals("slow", experiment.reference());
    assertEquals(List.of("sft", "train"), kinds(experiment.arms().get(1)));
    assertEquals(List.of(2, 4), experiment.scale().getFirst().n());
    assertEquals("shapes-policy", experiment.scale().getFirst().bench());
    assertEquals("shapes-critic", experiment.evals().getFirst().name());
  }

  private static List<String> kinds(ExperimentConfig.Arm arm) {
    return arm.stages().stream().map(ExperimentConfig.Stage::kind).toList();
  }

  @Test
  void theStageWinsOverTheArmAndTheArmOverTheExperiment() throws IOException {
    ExperimentConfig experiment = read(WHOLE);

    assertEquals(1e-3, settings(experiment, 0, 0, 3).learner().lr());
    assertEquals(7, settings(experiment, 0, 0, 3).run().steps());
    assertEquals(9, settings(experiment, 1, 1, 3).run().steps());
    assertEquals(70, settings(experiment, 1, 0, 3).sft().steps());
    assertEquals(5, settings(experiment, 1, 0, 5).run().seed());
    assertEquals(48, settings(experiment, 0, 0, 3).eval().criticItems(), "of the recipe smoke");
  }

  @Test
  void aConfigOfTheCommandLineStandsBelowTheArmsAndAssignmentsAbove() throws IOException {
    Path more = Files.writeString(folder.resolve("more.conf"), "run.steps = 11, learner.lr = 9");
    ExperimentConfig experiment =
        read(WHOLE).with(List.of(more.toString()), List.of("eval.critic-items=4"));

    assertEquals(11, settings(experiment, 0, 0, 3).run().steps());
    assertEquals(1e-3, settings(experiment, 0, 0, 3).learner().lr());
    assertEquals(4, settings(experiment, 0, 0, 3).eval().criticItems());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          arms = [{ name = a, set { learner.rl = 1 } }] | 1: unknown key learner.rl; the nearest known key is learner.lr
          arms = [{ name = a, stages = [{ set { lr = 1 } }] }] | 1: unknown key lr; the nearest known key is learner.lr
          titel = x, arms = [{ name = a }] | 1: unknown key experiment.titel; the nearest known key is experiment.title
          arms = [{ nam = a }] | 1: unknown key arm.nam; the nearest known key is arm.name
          arms = [{ name = a }, { name = a }] | 1: arms: a stands there twice
          arms = [{ name = "a/b" }] | 1: arms: expected a name of letters, digits, . _ and -, found "a/b"
          arms = [{ name = a }], reference = b | 1: reference: no arm is named b
          arms = [{ name = a }], seeds = [1, 1] | 1: seeds: 1 stands there twice
          arms = [{ name = a }], seeds = 3 | 1: seeds: expected a list of whole numbers, found 3
          arms = [{ name = a, set { run.seed = 4 } }] | 1: run.seed: the experiment decides that; leave it out
          arms = { name = a } | 1: arms: expected a list [ { ... }, { ... } ]
          seeds = [1] | arms: expected a list of at least one { name = ... }
          """)
  void mistakesAreOneLineWithTheirPlaceAndKey(String text, String message) {
    ConfigError error = assertThrows(ConfigError.class, () -> read(text));

    assertTrue(
        String.valueOf(error.getMessage()).contains("rates.conf")
            && String.valueOf(error.getMessage()).endsWith(message),
        error.getMessage());
  }

  @Test
  void aValueThatIsRefusedIsToldWithItsPlace() throws IOException {
    ExperimentConfig experiment =
        read("arms = [{ name = a }\n{ name = b, set { run.steps = 0 } }]");

    ConfigError error = assertThrows(ConfigError.class, () -> settings(experiment, 1, 0, 1));

    assertTrue(
        String.valueOf(error.getMessage())
            .endsWith("rates.conf:2: run.steps: expected a whole number of at least 1, found 0"),
        error.getMessage());
  }

  @Test
  void everyKeyIsDocumentedByASentenceAndItsValues() {
    KnownKeys.load("experiment.conf")
        .keys()
        .forEach(
            (key, doc) ->
                assertTrue(doc.matches("[A-Z].*\\. \\[.+]"), key + " is documented as: " + doc));
  }
}
