package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import krites.app.config.ConfigReader;
import krites.app.config.RunConfig;
import krites.app.display.Terminal;
import krites.app.experiment.ExperimentCommand;
import krites.app.process.Launcher;
import krites.app.run.DurableFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** The whole of an experiment but for its processes: verbs run in this one, on fake engines. */
final class ExperimentCommandTest {
  private static final String TWO_ARMS =
      """
      title = "Formats"
      seeds = [1, 2]
      reference = little
      set {
        run.steps = 4
        rollout.groups-per-step = 2
        eval { every-steps = 2, critic-items = 4, policy-items = 4 }
        checkpoint.every-steps = 2
      }
      arms = [
        { name = little }
        { name = much, set { reward.format-weight = 0.5 } }
      ]
      """;

  @TempDir private Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final InThisProcess launcher = new InThisProcess();

  /** Runs verbs with {@link Main}, and fails where it is told to. */
  private static final class InThisProcess implements Launcher {
    private final List<List<String>> verbs = new ArrayList<>();
    private String killed = "";
    private int sharers;

    @Override
    public void shareAmong(int verbs) {
      sharers = verbs;
    }

    @Override
    public int run(List<String> arguments, Path output) {
      verbs.add(arguments);
      if (!killed.isEmpty() && String.join(" ", arguments).contains(killed)) {
        return 128 + 9;
      }
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      int code = FakeVerbs.run(said, said, arguments.toArray(String[]::new));
      try {
        Files.writeString(output, said.toString(StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return code;
    }

    @Override
    public void stop() {}
  }

  private int experiment(String text, String... options) {
    try {
      Path file = Files.writeString(folder.resolve("formats.conf"), text);
      ExperimentCommand command =
          new ExperimentCommand(
              Terminal.plain(new PrintStream(out, true, StandardCharsets.UTF_8)), launcher);
      new CommandLine(command)
          .parseArgs(
              Stream.concat(
                      Stream.of(file.toString(), "--out", folder.resolve("out").toString()),
                      Stream.of(options))
                  .toArray(String[]::new));
      return command.call();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path file(String name) {
    return folder.resolve("out").resolve(name);
  }

  private JsonNode results() throws IOException {
    return new ObjectMapper().readTree(file("results.json").toFile());
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aGridGivesATableAPlotAndNumbers() throws IOException {
    assertEquals(ExitCode.OK, experiment(TWO_ARMS));

    assertEquals(4, launcher.verbs.size());
    assertEquals(1, launcher.sharers);
    String table = Files.readString(file("table.md"));
    assertTrue(table.contains("| little | 2 |") && table.contains("| much | 2 |"), table);
    assertTrue(table.contains("## Against little, seed by seed"), table);
    assertTrue(table.contains("`reward.format-weight=0.5`"), table);
    assertTrue(Files.readString(file("plot.svg")).contains(">critic accuracy<"));
    JsonNode arms = results().path("arms");
    JsonNode little = arms.path(0).path("measures").path("reward");
    JsonNode much = arms.path(1).path("measures").path("reward");
    for (String seed : List.of("1", "2")) {
      // The fake's layout is right: 0.9 x accuracy + 0.1 in one arm, 0.5 x accuracy + 0.5 in the
      // other.
      double accuracy = (little.path("by_seed").path(seed).asDouble() - 0.1) / 0.9;
      assertEquals(
          0.5 * accuracy + 0.5, much.path("by_seed").path(seed).asDouble(), 1e-9, "seed " + seed);
    }
    assertEquals(
        much.path("mean").asDouble() - little.path("mean").asDouble(),
        much.path("difference").path("mean").asDouble(),
        1e-12);
    assertEquals(3, arms.path(0).path("curves").path("critic").size(), "steps 0, 2 and 4");
  }

  @Test
  void theSameCommandKeepsWhatIsDone() {
    assertEquals(ExitCode.OK, experiment(TWO_ARMS, "--only", "much", "--seeds", "2"));
    assertEquals(1, launcher.verbs.size());
    assertTrue(out().contains("- little seed 1: to do"), out());

    assertEquals(ExitCode.OK, experiment(TWO_ARMS));
    assertEquals(4, launcher.verbs.size());
    assertEquals(ExitCode.OK, experiment(TWO_ARMS));
    assertEquals(4, launcher.verbs.size(), "nothing was left");
  }

  @Test
  void aCellThatFailsIsNamedEndsNoOtherAndIsTriedAgain() throws IOException {
    launcher.killed = "little/seed-2";

    assertEquals(ExitCode.RUN_FAILED, experiment(TWO_ARMS));

    assertEquals(4, launcher.verbs.size());
    assertTrue(
        Files.readString(file("table.md"))
            .contains("- little seed 2: failed: train was ended by signal 9"),
        Files.readString(file("table.md")));
    assertEquals("failed", results().path("cells").path(2).path("state").asText());

    launcher.killed = "";
    assertEquals(ExitCode.OK, experiment(TWO_ARMS));
    assertEquals(5, launcher.verbs.size());
    assertFalse(Files.readString(file("table.md")).contains("failed"));
  }

  @Test
  void aRunThatWasKilledGoesOnFromItsCheckpoint() throws IOException {
    assertEquals(ExitCode.OK, experiment(TWO_ARMS));
    Path cell = file("much/seed-1");
    Path run = cell.resolve("stage-1/run");
    Map<String, String> before = resultOf(cell);
    Files.delete(cell.resolve("result.json"));
    Files.delete(run.resolve("summary.json"));
    DurableFiles.deleteTree(run.resolve("checkpoints/step-4"));

    assertEquals(ExitCode.OK, experiment(TWO_ARMS));

    assertEquals(List.of("train", "--resume", run.toString()), launcher.verbs.getLast());
    assertEquals(before, resultOf(cell));
  }

  /** All but what a clock decides. */
  private static Map<String, String> resultOf(Path cell) throws IOException {
    Map<String, String> measures = new TreeMap<>();
    new ObjectMapper()
        .readTree(cell.resolve("result.json").toFile())
        .path("measures")
        .properties()
        .forEach(measure -> measures.put(measure.getKey(), measure.getValue().asText()));
    measures.remove("seconds");
    return measures;
  }

  @Test
  void aRunWithoutACheckpointBeginsAnew() throws IOException {
    Path run = Files.createDirectories(file("little/seed-1/stage-1/run"));
    Files.writeString(run.resolve("config.resolved.conf"), "");

    assertEquals(ExitCode.OK, experiment(TWO_ARMS, "--only", "little", "--seeds", "1"));

    assertTrue(launcher.verbs.getFirst().contains("--run-dir"), launcher.verbs.toString());
  }

  @Test
  void otherSettingsInTheSameFolderAreRefusedByTheirKey() {
    assertEquals(ExitCode.OK, experiment(TWO_ARMS));

    InputError error =
        assertThrows(
            InputError.class, () -> experiment(TWO_ARMS.replace("run.steps = 4", "run.steps = 6")));

    assertTrue(
        String.valueOf(error.getMessage())
            .contains("stage-1 run.steps was 4 and is now 6; name another folder with --out"),
        error.getMessage());
    assertEquals(4, launcher.verbs.size());
    assertEquals(ExitCode.OK, experiment(TWO_ARMS.replace("[1, 2]", "[1, 2, 3]"), "--seeds", "3"));
    assertEquals(6, launcher.verbs.size(), "more seeds are welcome");
  }

  @Test
  void anUnknownKeyInTheLastArmStartsNothing() {
    assertThrows(
        InputError.class,
        () -> experiment(TWO_ARMS.replace("reward.format-weight", "reward.format-wait")));
    assertThrows(InputError.class, () -> experiment(TWO_ARMS, "--set", "reward.format-weight=2.0"));
    assertEquals(List.of(), launcher.verbs);
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void aDryRunListsAndStartsNothing() {
    assertEquals(ExitCode.OK, experiment(TWO_ARMS, "--dry-run"));

    assertEquals(List.of(), launcher.verbs);
    assertTrue(out().contains("much seed 2") && out().contains("4 of 4 left"), out());
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void aLaterStageStartsFromTheModelBeforeIt() throws IOException {
    String stages =
        TWO_ARMS.replace(
            "{ name = little }", "{ name = little, stages = [{}, { set { run.steps = 2 } }] }");

    assertEquals(ExitCode.OK, experiment(stages, "--only", "little", "--seeds", "1"));

    Path cell = file("little/seed-1");
    assertTrue(
        Files.readString(cell.resolve("stage-2/settings.conf"))
            .contains("path = \"" + cell.resolve("stage-1/run/checkpoints/step-4") + '"'));
    JsonNode curve = results().path("arms").path(0).path("curves").path("critic");
    assertEquals(6, curve.path(curve.size() - 1).path("x").asInt(), "steps of both stages");
  }

  @Test
  void aSupervisedStageLearnsFromWhatRejectionKept() throws IOException {
    String stages =
        TWO_ARMS.replace(
            "{ name = little }",
            "{ name = little, stages = [{ kind = reject, set { reject.limit = 6 } }, { kind = sft }] }");
    launcher.killed = "sft";

    assertEquals(
        ExitCode.RUN_FAILED, experiment(stages, "--only", "little", "--seeds", "1"), out());
    assertEquals(
        ExitCode.RUN_FAILED, experiment(stages, "--only", "little", "--seeds", "1"), out());

    assertEquals(
        List.of("reject", "sft", "sft"), launcher.verbs.stream().map(List::getFirst).toList());
    Path cell = file("little").resolve("seed-1");
    Path answers = cell.resolve("stage-1").resolve("rejected").resolve("answers.jsonl");
    assertTrue(Files.size(answers) > 0);
    RunConfig later =
        new ConfigReader()
            .withConfigs(List.of(cell.resolve("stage-2").resolve("settings.conf").toString()))
            .read()
            .config();
    assertEquals(answers.toString(), later.sft().rows().data());
    assertEquals(ModelFolder.shipped().toString(), later.sft().from());
  }

  @Test
  void aStartModelOfALaterStageIsRefused() {
    String stages =
        TWO_ARMS.replace(
            "{ name = little }",
            "{ name = little, stages = [{}, { set { model.path = elsewhere } }] }");

    InputError error = assertThrows(InputError.class, () -> experiment(stages));

    assertTrue(String.valueOf(error.getMessage()).contains("model.path"), error.getMessage());
  }

  @ParameterizedTest
  @MethodSource("shipped")
  void everyShippedExperimentIsWhole(Path file) throws IOException {
    boolean needsShare = Files.readString(file).contains("policy-share");
    assumeTrue(
        !needsShare
            || new ConfigReader()
                .withConfigs(List.of())
                .read()
                .values()
                .containsKey("data.policy-share"));

    assertEquals(ExitCode.OK, experiment(Files.readString(file), "--dry-run"));

    assertTrue(out().matches("(?s).*\\d+ of \\d+ left\\s*"), out());
  }

  static List<Path> shipped() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("../recipes/experiments"))) {
      return files.sorted().toList();
    }
  }
}
