package krites.app.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import krites.data.CritiquePrompt;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.objective.KlEstimate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class ConfigReaderTest {
  @TempDir Path folder;

  @Test
  void aRunWithoutArgumentsUsesTheDefaultRecipe() {
    ResolvedConfig resolved = new ConfigReader().withConfigs(List.of()).read();

    assertEquals("shapes", resolved.recipe());
    assertEquals(8, resolved.config().rollout().groupSize());
    assertEquals(0.1, resolved.config().reward().formatWeight().start());
  }

  @Test
  void laterLayersWin() throws IOException {
    Path file = write("run.steps = 7, learner.lr = 0.5");

    RunConfig config =
        new ConfigReader()
            .withConfigs(List.of("smoke", file.toString()))
            .withAssignment("--set", "learner.lr=0.25")
            .read()
            .config();

    assertEquals(7, config.run().steps());
    assertEquals(0.25, config.learner().lr());
    assertEquals(
        0, config.eval().everySteps(), "the recipe's value stays where nobody overrides it");
  }

  @Test
  void anEvaluatorComesUnaskedWithTheBuiltInModelAlone() {
    assertEquals(1, with().evaluators());
    assertEquals(0, with("model.path=elsewhere").evaluators());
    assertEquals(2, with("model.path=elsewhere", "eval.workers=2").evaluators());
    assertEquals(0, with("eval.workers=0").evaluators());
    assertEquals(0, with("eval.critic-items=0", "eval.policy-items=0").evaluators());
    assertTrue(
        assertThrows(ConfigError.class, () -> with("eval.workers=some"))
            .getMessage()
            .contains("a whole number or auto"));
  }

  private static RunConfig with(String... assignments) {
    ConfigReader reader = new ConfigReader();
    for (String assignment : assignments) {
      reader.withAssignment("--set", assignment);
    }
    return reader.read().config();
  }

  @Test
  void anUnknownKeyIsNamedWithItsPlaceAndTheNearestKnownKey() throws IOException {
    Path file = write("run.seed = 1\nlearner {\n  rl = 1e-3\n}\n");

    assertEquals(
        file + ":3: unknown key learner.rl; the nearest known key is learner.lr",
        failure(new ConfigReader(), file));
  }

  @Test
  void aKeyInTheWrongSectionIsFound() {
    assertEquals(
        "--set rollout.lr=1: unknown key rollout.lr; the nearest known key is learner.lr",
        failureOf("rollout.lr=1"));
  }

  @Test
  void aSeedThatIsNotANumberIsNamedWithItsPlace() throws IOException {
    Path file = write("run {\n  seed = many\n}\n");

    assertEquals(
        file + ":2: run.seed: expected a whole number, found \"many\"",
        failure(new ConfigReader(), file));
  }

  @Test
  void anEstimatorWithAPlusIsReadFromAFileInQuotes() throws IOException {
    Path file = write("algorithm.kl-estimator = \"k3+\"\n");

    assertEquals(
        KlEstimate.K3_VALUE_K2_GRADIENT,
        new ConfigReader()
            .withConfigs(List.of(file.toString()))
            .read()
            .config()
            .algorithm()
            .klEstimator());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          run.seed=1.5 | run.seed: expected a whole number, found 1.5
          run.steps=0 | run.steps: expected a whole number of at least 1, found 0
          run.steps=99999999999 | run.steps: expected a whole number of at most 2147483647, found 99999999999
          async.max-staleness=-1 | async.max-staleness: expected a whole number of at least 0, found -1
          async.weight-update=sometimes | async.weight-update: expected one of in_flight, finish, abort, found "sometimes"
          rollout.partial-tokens=-1 | rollout.partial-tokens: expected a whole number of at least 0, found -1
          learner.lr=-1 | learner.lr: expected a number of at least 0, found -1.0
          learner.lr=fast | learner.lr: expected a number, found "fast"
          learner.betas=[0.9] | learner.betas: expected two numbers, found [0.9]
          learner.betas=0.9 | learner.betas: expected a list of numbers, found 0.9
          model.freeze-vision=maybe | model.freeze-vision: expected true or false, found "maybe"
          rollout.top-p=1.5 | rollout.top-p: expected a number above 0 and at most 1, found 1.5
          rollout.group-size=1 | rollout.group-size: expected a whole number of at least 2, found 1
          algorithm.kl-estimator=k9 | algorithm.kl-estimator: expected one of k1, kl, abs, k2, mse, k3, low_var_kl, or one of these with + behind it, found "k9"
          algorithm.objective=ppo | algorithm.objective: expected one of grpo, gspo, gspo_token, cispo, sapo, found "ppo"
          algorithm.proximal=old | algorithm.proximal: expected one of recomputed, approximated, behaviour, found "old"
          algorithm.correction=mis | algorithm.correction: expected one of none, truncated, masked, icepop, found "mis"
          algorithm.correction-tokens=new | algorithm.correction-tokens: expected one of stale, all, found "new"
          algorithm.importance-low=1.5 | algorithm.importance-low: expected a number from 0 to 1, found 1.5
          algorithm.importance-high=0.9 | algorithm.importance-high: expected a number of at least 1, found 0.9
          algorithm.gate-positive=0 | algorithm.gate-positive: expected a number above 0, found 0.0
          algorithm.correction-level=geometric | algorithm.correction-level: expected token or sequence because algorithm.correction = truncated, found geometric
          reward.deadline-seconds=0 | reward.deadline-seconds: expected a whole number of at least 1, found 0
          reward.deadline-seconds=150 | reward.deadline-seconds: expected reward.attempts = 2 times this below run.stall-seconds = 300, found 150
          reward.attempts=0 | reward.attempts: expected a whole number of at least 1, found 0
          reward.breaker-failures=-1 | reward.breaker-failures: expected a whole number of at least 0, found -1
          reward.breaker-seconds=0 | reward.breaker-seconds: expected a whole number of at least 1, found 0
          reward.on-failure=retry | reward.on-failure: expected one of drop, default, found "retry"
          reward.default-reward=none | reward.default-reward: expected a number, found "none"
          rollout=5 | rollout: expected a section { ... }, found 5
          rollout.slots={} | rollout.slots: expected a value, found a section { ... }
          rollout.slots=null | rollout.slots: expected a value, found null; leave the line out for the default
          """)
  void aBadValueIsRefusedWithExpectationAndFinding(String assignment, String trouble) {
    assertEquals("--set " + assignment + ": " + trouble, failureOf(assignment));
  }

  /** What is set, the key at fault, what was expected there and what was found. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          algorithm.proximal=behaviour | correction | none because algorithm.proximal = behaviour makes every weight 1, found truncated
          algorithm.correction=masked | correction-level | sequence or geometric because algorithm.correction = masked, found token
          algorithm.correction=icepop, algorithm.correction-level=sequence | correction-level | token because algorithm.correction = icepop, found sequence
          algorithm.correction=none, algorithm.correction-level=geometric | correction-level | token because algorithm.correction = none, found geometric
          """)
  void aCombinationThatCannotWorkIsRefusedWithItsReason(String settings, String key, String trouble)
      throws IOException {
    Path file = write(settings);

    String message = failure(new ConfigReader(), file);

    assertTrue(message.endsWith(": algorithm." + key + ": expected " + trouble), message);
  }

  @Test
  void aBatchThatDoesNotDivideIntoItsUpdatesIsRefused() {
    assertEquals(
        "--set learner.updates-per-batch=5: learner.updates-per-batch: expected a divisor of rollout.groups-per-step"
            + " = 16, found 5",
        failureOf("learner.updates-per-batch=5"));
  }

  @Test
  void aCircuitThatStaysOpenLongerThanARunMayRestIsRefused() {
    ConfigReader reader = new ConfigReader().withAssignment("--set", "reward.breaker-failures=5");

    assertEquals(
        "--set reward.breaker-seconds=300: reward.breaker-seconds: expected less than"
            + " run.stall-seconds = 300, found 300",
        assertThrows(
                ConfigError.class,
                () -> reader.withAssignment("--set", "reward.breaker-seconds=300").read())
            .getMessage());
  }

  @Test
  void cutResponsesThatWouldBeThrownAwayAreRefused() {
    ConfigError error =
        assertThrows(
            ConfigError.class,
            () ->
                new ConfigReader()
                    .withConfigs(List.of())
                    .withAssignment("--set", "async.weight-update=abort")
                    .withAssignment("--set", "rollout.partial-tokens=8")
                    .read());

    assertEquals(
        "--set rollout.partial-tokens=8: rollout.partial-tokens: expected 0 because async.weight-update = abort begins"
            + " cut responses anew, found 8",
        error.getMessage());
  }

  @Test
  void theWeightUpdateIsWrittenWithHyphens() {
    RunConfig config =
        new ConfigReader()
            .withConfigs(List.of())
            .withAssignment("--set", "async.weight-update=in-flight")
            .withAssignment("--set", "rollout.partial-tokens=8")
            .read()
            .config();

    assertEquals(WeightUpdateMode.IN_FLIGHT, config.async().weightUpdate());
    assertEquals(8, config.rollout().partialTokens());
  }

  @Test
  void anUnknownRecipeIsAnsweredWithTheKnownOnes() {
    ConfigError error =
        assertThrows(ConfigError.class, () -> new ConfigReader().withConfigs(List.of("smok")));

    assertTrue(
        error
            .getMessage()
            .startsWith("no recipe or file is named smok; recipes are shapes, smoke,"));
    assertTrue(error.getMessage().endsWith("the nearest is smoke"), error.getMessage());
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    ConfigError error =
        assertThrows(
            ConfigError.class, () -> new ConfigReader().withConfigs(List.of("nowhere/my.conf")));

    assertEquals("configuration file nowhere/my.conf does not exist", error.getMessage());
  }

  @Test
  void aSyntaxErrorIsOneLineWithItsPlace() throws IOException {
    Path file = write("run {\n  seed = [1\n");

    String message = failure(new ConfigReader(), file);

    assertTrue(message.startsWith(file + ": "), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void textValuesOfAssignmentsStayAsTyped() {
    RunConfig config =
        new ConfigReader()
            .withConfigs(List.of())
            .withAssignment("--set", "data.train=/a b/c#d")
            .withAssignment("--set", "run.name=007")
            .read()
            .config();

    assertEquals("/a b/c#d", config.data().train());
    assertEquals("007", config.run().name());
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void everyShippedRecipeReads(String recipe) {
    assertEquals(recipe, new ConfigReader().withConfigs(List.of(recipe)).read().recipe());
  }

  static List<String> recipes() {
    return Recipes.names();
  }

  @Test
  void theRecipeFolderHoldsExactlyTheNamedRecipes() throws IOException {
    try (var files = Files.list(Path.of("../recipes"))) {
      assertEquals(
          Set.copyOf(Recipes.names()),
          Set.copyOf(
              files
                  .map(file -> file.getFileName().toString())
                  .filter(name -> name.endsWith(".conf"))
                  .map(name -> name.replace(".conf", ""))
                  .toList()));
    }
  }

  @Test
  void everyKeyIsReadAndNoOther() {
    assertEquals(
        KnownKeys.load().keys().keySet(),
        new ConfigReader().withConfigs(List.of()).read().consumed());
  }

  @Test
  void everyKeyIsDocumentedByASentenceAndItsValues() {
    KnownKeys.load()
        .keys()
        .forEach(
            (key, doc) ->
                assertTrue(doc.matches("[A-Z].*\\. \\[.+]"), key + " is documented as: " + doc));
  }

  @Test
  void theInstructionsAreThoseOfTheDatasets() {
    assertEquals(
        CritiquePrompt.SHORT_INSTRUCTION,
        new ConfigReader().withConfigs(List.of()).read().config().data().instruction());
    assertEquals(
        CritiquePrompt.PUBLISHED_INSTRUCTION,
        new ConfigReader()
            .withConfigs(List.of("llava-critic-r1-7b"))
            .read()
            .config()
            .data()
            .instruction());
  }

  @Test
  void theResolvedTextReadsBackAsTheSameConfiguration() throws IOException {
    ResolvedConfig first =
        new ConfigReader()
            .withConfigs(List.of("llava-critic-r1-7b"))
            .withAssignment("--set", "run.name=a \"quoted\" name")
            .read();

    ResolvedConfig second = new ConfigReader().withResolvedFile(write(first.text())).read();

    assertEquals(first.config(), second.config());
  }

  @Test
  void theResolvedTextSaysWhereAValueCameFrom() {
    String text =
        new ConfigReader()
            .withConfigs(List.of("smoke"))
            .withValue("--seed 3", "run.seed", "3")
            .read()
            .text();

    assertTrue(text.contains("  seed = 3  # from --seed 3\n"), text);
    assertTrue(text.contains("# from recipe smoke:"), text);
  }

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("my.conf"), text);
  }

  private static String failure(ConfigReader reader, Path file) {
    return assertThrows(
            ConfigError.class, () -> reader.withConfigs(List.of(file.toString())).read())
        .getMessage();
  }

  private static String failureOf(String assignment) {
    return assertThrows(
            ConfigError.class,
            () ->
                new ConfigReader()
                    .withConfigs(List.of())
                    .withAssignment("--set", assignment)
                    .read())
        .getMessage();
  }
}
