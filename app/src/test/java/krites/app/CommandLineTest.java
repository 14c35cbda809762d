package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import krites.app.conformance.CaseResult;
import krites.app.conformance.ConformanceCheck;
import krites.app.rewards.Rewards;
import krites.app.run.JsonLines;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

final class CommandLineTest {
  @TempDir Path folder;

  private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
  private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
  private long stepMillis;
  private List<ConformanceCheck> checks = List.of();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          train --seed many | krites: --seed many: run.seed: expected a whole number, found "many"
          train --steps 0 | krites: --steps 0: run.steps: expected a whole number of at least 1, found 0
          train --set learner.rl=1 | krites: --set learner.rl=1: unknown key learner.rl; the nearest known key is learner.lr
          train --set nonsense | krites: --set nonsense: expected key=value
          train --config nowhere.conf | krites: configuration file nowhere.conf does not exist
          train --set data.train=nowhere.jsonl | krites: nowhere.jsonl: there is no such file
          train --set data.policy-share=1.5 | krites: --set data.policy-share=1.5: data.policy-share: expected 0, 1, or a number between them, at least 1.0E-6 from both, found 1.5
          train --set data.train-policy=nowhere.jsonl | krites: nowhere.jsonl: there is no such file
          train --set world.kinds=[smell] | krites: world: question kind 'smell' is unknown, expected color, shape, count, countall or exist
          train --resume nowhere | krites: nowhere is not the folder of a run: it has no config.resolved.conf
          train --resume a --config smoke | krites: --resume takes the configuration and the folder of the run; leave --config and --run-dir
          train --speed 3 | krites: Unknown options: '--speed', '3' (see krites train --help)
          audit nowhere | krites: nowhere is not the folder of a run: it has no config.resolved.conf
          diff nowhere elsewhere | krites: nowhere is not the folder of a run: it has no config.resolved.conf
          simulate --faults pause=1 | krites: --faults pause=1: simulate.faults: fault 'pause=1': expected a rate in time, such as 0.02/min (units: s, min, h)
          simulate --eta -1 | krites: --eta -1: async.max-staleness: expected a whole number of at least 0, found -1
          simulate --seeds 0 | krites: --seeds 0: expected 1 to 1000000
          simulate --trace nowhere | krites: nowhere is not the folder of a run: it has no config.resolved.conf
          conformance nowhere | krites: directory nowhere does not exist
          status nowhere | krites: nowhere is not the folder of a run: it has no config.resolved.conf
          set nowhere async.max-staleness=4 | krites: nowhere is not the folder of a run: it has no config.resolved.conf
          replay nowhere | krites: nowhere is not the folder of a run: it has no config.resolved.conf
          juggle | krites: Unmatched argument at index 0: 'juggle' (see krites --help)
          """)
  void badInputIsOneLineAndExitCodeTwo(String line, String message) {
    assertEquals(ExitCode.INPUT, krites(line.split(" ")));
    assertEquals(message, err().strip());
  }

  @Test
  void badInputLeavesNothingBehind() {
    Path run = folder.resolve("run");

    krites("train", "--run-dir", run.toString(), "--set", "data.eval-critic=nowhere.jsonl");

    assertFalse(Files.exists(run));
  }

  @Test
  void helpShowsExamplesAndExitCodes() {
    assertEquals(ExitCode.OK, krites("--help"));

    assertTrue(out().contains("krites train --config smoke"), out());
    assertTrue(out().contains("Use a model:" + System.lineSeparator() + "  ask"), out());
    for (String verb : List.of("ask", "train", "status", "conformance")) {
      assertEquals(
          1, out().lines().filter(line -> line.matches("  " + verb + " {2,}\\S.*")).count(), verb);
    }
    assertTrue(out().contains("130   stopped by Ctrl-C"), out());
    assertTrue(out().lines().allMatch(line -> line.length() <= 120), out());
  }

  @Test
  void everyVerbExplainsItself() {
    List<List<String>> verbs = new ArrayList<>();
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    addVerbs(List.of(), Main.line(verbs(), nowhere, nowhere), verbs);

    assertTrue(verbs.contains(List.of("train")) && verbs.contains(List.of("bench", "rollout")));
    for (List<String> verb : verbs) {
      for (String option : List.of("-h", "--help")) {
        outBytes.reset();
        List<String> line = new ArrayList<>(verb);
        line.add(option);
        assertEquals(ExitCode.OK, krites(line.toArray(String[]::new)), () -> line + ": " + err());
        assertTrue(out().startsWith("Usage: krites " + String.join(" ", verb)), out());
        assertTrue(out().contains("--help"), out());
      }
    }
  }

  private static void addVerbs(List<String> path, CommandLine line, List<List<String>> verbs) {
    line.getSubcommands()
        .forEach(
            (name, verb) -> {
              List<String> longer = new ArrayList<>(path);
              longer.add(name);
              verbs.add(longer);
              addVerbs(longer, verb, verbs);
            });
  }

  @Test
  void theVersionIsThatOfTheBuild() {
    assertEquals(ExitCode.OK, krites("--version"));

    assertTrue(out().matches("(?s)krites \\d+\\.\\d+.*Java 2\\d.*"), out());
  }

  @Test
  void theConfigVerbPrintsWhatCanBeReadAgain() throws IOException {
    assertEquals(ExitCode.OK, krites("config", "--seed", "5"));
    Path file = Files.writeString(folder.resolve("my.conf"), out());
    String first = out();
    outBytes.reset();

    assertEquals(ExitCode.OK, krites("config", "--config", file.toString()));

    assertEquals(withoutPlaces(first), withoutPlaces(out()));
    assertTrue(first.contains("  seed = 5  # from --seed 5"));
  }

  @Test
  void aRunLeavesItsFilesAndAClosedAccount() throws IOException {
    Path run = folder.resolve("run");

    int code = krites(train(run, "--steps", "4", "--set", "checkpoint.every-steps=2"));

    assertEquals(ExitCode.OK, code, err());
    JsonNode summary = summary(run);
    assertEquals(4, summary.get("steps").asInt());
    assertEquals(1, summary.get("seed").asInt());
    assertEquals(
        summary.get("groups_issued").asLong(),
        summary.get("groups_trained").asLong()
            + sum(summary.get("groups_dropped"))
            + summary.get("groups_in_flight").asLong());
    for (String key :
        List.of(
            "wall_seconds",
            "reward_first",
            "reward_last",
            "critic_accuracy_before",
            "critic_accuracy_after",
            "policy_accuracy_before",
            "policy_accuracy_after",
            "policy_accuracy_peak",
            "policy_accuracy_peak_step",
            "max_staleness_seen",
            "weights_versions")) {
      assertTrue(summary.get(key).isNumber(), key + " is " + summary.get(key));
    }
    assertEquals(5, summary.get("weights_versions").asInt());
    assertEquals(4, summary.get("evals").size(), "two sets, before and after");
    assertEquals(4, JsonLines.read(run.resolve("metrics.jsonl")).size());
    assertTrue(Files.exists(run.resolve("checkpoints/step-4/weights.txt")));
    assertTrue(Files.exists(run.resolve("krites.log")));
    assertTrue(out().contains("critic accuracy"), out());
    assertTrue(out().contains(run.resolve("summary.json").toString()), out());
  }

  /**
   * Its disk may be full: what the lost learner had published makes room, and only then it looks.
   */
  @Test
  void aRunThatGoesBackForgetsWhatWasPublishedAndLooksForRoom() throws IOException {
    Path run = folder.resolve("run");
    FakeEngines engines = new FakeEngines(0, 2);
    Main.Verbs verbs =
        new Main.Verbs(new TrainingRun.Rooms((_, _, _) -> engines, Rewards::of), checks);
    int code =
        Main.run(
            verbs,
            new PrintStream(outBytes, true),
            new PrintStream(errBytes, true),
            train(run, "--steps", "3"));

    assertEquals(0, code, err());
    assertEquals(
        List.of("trainer", "forget", "room", "trainer", "forget", "room", "trainer"),
        engines.asked);
    assertEquals(0, krites("audit", run.toString()), out());
  }

  @Test
  void aFinishedRunCanBeMadeLongerAndReadsAsOne() throws IOException {
    Path run = folder.resolve("run");
    assertEquals(ExitCode.OK, krites(train(run, "--steps", "3")), err());

    assertEquals(ExitCode.INPUT, krites("train", "--resume", run.toString()));
    assertTrue(err().contains("has 3 steps already; name more with --steps to go on"), err());
    assertEquals(
        ExitCode.INPUT, krites("train", "--resume", run.toString(), "--seed", "9", "--steps", "5"));
    assertEquals(ExitCode.OK, krites("train", "--resume", run.toString(), "--steps", "5"), err());

    List<Object> steps =
        JsonLines.read(run.resolve("metrics.jsonl")).stream()
            .map(line -> line.get("step"))
            .toList();
    assertEquals(List.of(1, 2, 3, 4, 5), steps);
    assertEquals(5, summary(run).get("steps").asInt());
    assertEquals(6, summary(run).get("weights_versions").asInt());
  }

  @Test
  void aRunThatEndedCanBeAuditedAndComparedWithItself() throws IOException {
    Path run = folder.resolve("run");
    assertEquals(ExitCode.OK, krites(train(run, "--steps", "3")), err());

    assertEquals(ExitCode.OK, krites("audit", run.toString()), out());
    assertTrue(out().contains("completed, as summary.json says"), out());
    assertEquals(ExitCode.OK, krites("diff", run.toString(), run.toString()), out());

    Path journal = run.resolve("events.jsonl");
    List<String> lines = Files.readAllLines(journal);
    Files.write(journal, lines.subList(0, lines.size() - 1));
    assertEquals(ExitCode.CHECK_FAILED, krites("audit", run.toString()));
    assertTrue(out().contains("records: the end was removed"), out());
    Files.write(journal, lines.subList(1, lines.size()));
    assertEquals(ExitCode.CHECK_FAILED, krites("audit", run.toString(), "--json"));
    assertEquals(ExitCode.INPUT, krites("diff", run.toString(), run.toString()));
    assertTrue(err().contains("line 1: expected record 1, found record 2"), err());
  }

  @ParameterizedTest
  @CsvSource({
    "run.seed=9, 'run.seed: expected 1 as in the run to resume, found 9'",
    "rollout.group-size=5, 'rollout.group-size: expected 8 as in the run to resume, found 5'",
    "world.grid=3, 'world.grid: expected '"
  })
  void aResumeWithOtherInputsIsRefusedByTheirKey(String assignment, String message)
      throws IOException {
    Path run = folder.resolve("run");
    assertEquals(ExitCode.OK, krites(train(run, "--steps", "2")), err());
    String journal = Files.readString(run.resolve("events.jsonl"));

    assertEquals(
        ExitCode.INPUT,
        krites("train", "--resume", run.toString(), "--steps", "4", "--set", assignment));

    assertTrue(err().contains("krites: " + message), err());
    assertEquals(journal, Files.readString(run.resolve("events.jsonl")), "nothing was touched");
  }

  @Test
  void aFolderWithARunInItIsRefused() {
    Path run = folder.resolve("run");
    assertEquals(ExitCode.OK, krites(train(run, "--steps", "1")), err());

    assertEquals(ExitCode.INPUT, krites(train(run, "--steps", "1")));

    assertTrue(err().contains("holds a run already"), err());
  }

  /**
   * SIGTERM takes the path of Ctrl-C; SIGINT itself is ignored in background jobs, where builds
   * run.
   */
  @Test
  void aSignalStopsWithACheckpointAndExitCode130() throws Exception {
    Path run = folder.resolve("run");
    stepMillis = 20;
    Path metrics = run.resolve("metrics.jsonl");
    AtomicBoolean ended = new AtomicBoolean();
    Thread interrupter =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  while (!ended.get()
                      && !(Files.exists(metrics) && JsonLines.read(metrics).size() >= 2)) {
                    Thread.onSpinWait();
                  }
                  if (!ended.get()) {
                    sun.misc.Signal.raise(new sun.misc.Signal("TERM"));
                  }
                });

    int code = krites(train(run, "--steps", "100000"));
    ended.set(true);
    interrupter.join();

    assertEquals(ExitCode.INTERRUPTED, code, err());
    assertTrue(out().contains("go on with: krites train --resume " + run), out());
    assertEquals("stopped", summary(run).get("outcome").asText());
    long step = summary(run).get("steps").asLong();
    assertTrue(Files.exists(run.resolve("checkpoints/step-" + step)));
  }

  @Test
  void conformanceRepeatsFailuresLastAndExitsWithOne() {
    checks =
        List.of(
            check(
                CaseResult.of("cases", "a/one", "logits", 1e-3, 1e-5),
                CaseResult.of("cases", "a/two", "loss", 0, 1e-5)));

    assertEquals(ExitCode.CHECK_FAILED, krites("conformance", folder.toString()));

    List<String> lines = out().lines().toList();
    assertEquals("FAIL  cases       a/one  logits  0.00100 (limit 1.00e-05)", lines.getFirst());
    assertEquals(lines.getFirst(), lines.getLast());
    assertTrue(lines.contains("all               2 compared       1 passed       1 failed"), out());
  }

  @Test
  void conformanceAsJsonIsOneDocument() throws IOException {
    checks = List.of(check(CaseResult.of("cases", "a/one", "logits", 1e-6, 1e-5)));

    assertEquals(ExitCode.OK, krites("conformance", folder.toString(), "--json"));

    JsonNode document = new ObjectMapper().readTree(out());
    assertEquals(1, document.get("passed").asInt());
    assertEquals(1e-6, document.get("results").get(0).get("max_difference").asDouble());
  }

  @Test
  void aDirectoryWithoutCasesIsBadInput() {
    assertEquals(ExitCode.INPUT, krites("conformance", folder.toString()));
  }

  private static ConformanceCheck check(CaseResult... results) {
    return new ConformanceCheck() {
      @Override
      public String name() {
        return "cases";
      }

      @Override
      public boolean appliesTo(Path directory) {
        return true;
      }

      @Override
      public void run(Path directory, java.util.function.Consumer<CaseResult> sink) {
        List.of(results).forEach(sink);
      }
    };
  }

  private static String[] train(Path run, String... more) {
    return java.util.stream.Stream.concat(
            java.util.stream.Stream.of(
                "train",
                "--run-dir",
                run.toString(),
                "--set",
                "rollout.groups-per-step=2",
                "--set",
                "eval.critic-items=4",
                "--set",
                "eval.policy-items=4"),
            java.util.stream.Stream.of(more))
        .toArray(String[]::new);
  }

  private int krites(String... args) {
    return Main.run(
        verbs(), new PrintStream(outBytes, true), new PrintStream(errBytes, true), args);
  }

  private Main.Verbs verbs() {
    return new Main.Verbs(
        new TrainingRun.Rooms(
            (config, images, runFolder) -> new FakeEngines(stepMillis), Rewards::of),
        checks);
  }

  private String out() {
    return outBytes.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return errBytes.toString(StandardCharsets.UTF_8);
  }

  private static JsonNode summary(Path run) throws IOException {
    return new ObjectMapper().readTree(run.resolve("summary.json").toFile());
  }

  private static long sum(JsonNode counts) {
    long sum = 0;
    for (JsonNode count : counts) {
      sum += count.asLong();
    }
    return sum;
  }

  private static String withoutPlaces(String text) {
    return text.replaceAll("  # from .*", "");
  }
}
