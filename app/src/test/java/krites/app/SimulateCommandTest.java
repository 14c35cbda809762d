package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulateCommandTest {
  @TempDir Path folder;

  private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
  private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();

  @Test
  void theSameSeedPrintsTheSame() {
    assertEquals(ExitCode.OK, simulate("--steps", "6", "--seed", "4"), err());
    String first = out();
    outBytes.reset();
    assertEquals(ExitCode.OK, simulate("--steps", "6", "--seed", "4"));

    assertEquals(first, out());
    assertTrue(first.contains("seed 4: completed after "), first);
    assertTrue(first.contains("96 issued = 96 trained + 0 dropped + 0 in flight"), first);
    assertEquals("", err());
  }

  @Test
  void jsonHasAnEntryForEachSeed() throws IOException {
    assertEquals(
        ExitCode.OK,
        simulate("--steps", "4", "--seeds", "3", "--faults", "pause=6/min:2s", "--json"),
        err());

    JsonNode object = new ObjectMapper().readTree(out());
    assertEquals("pause=6.0/min:2.0s", object.get("fault_plan").asText());
    assertEquals(3, object.get("runs").size());
    JsonNode run = object.get("runs").get(2);
    assertEquals(3, run.get("seed").asInt());
    assertEquals(64, run.get("trained").asInt());
    assertTrue(run.get("utilisation").get("rollout").asDouble() > 0);
    assertTrue(run.get("faults").get("pause").get("lost_seconds").asDouble() > 0);
    assertEquals(64, run.get("digest").asText().length());
  }

  @Test
  void aRunThatFailsSaysWhyAndExitsWithThree() {
    assertEquals(
        ExitCode.RUN_FAILED,
        simulate(
            "--steps", "4", "--set", "rollout.restarts=0", "--faults", "rollout-crash=60/min"));

    assertTrue(out().contains("failed (rollout-0 failed: rollout-0 was lost"), out());
    assertEquals("", err(), "the deaths of simulated workers are no log");
  }

  @Test
  void aBrokenPromiseExitsWithOne() {
    assertEquals(
        ExitCode.CHECK_FAILED, simulate("--steps", "400", "--set", "simulate.horizon-hours=0.001"));

    assertTrue(out().contains("A PROMISE IS BROKEN (the run ends, or says why not)"), out());
  }

  @Test
  void theTraceIsWrittenToAFile() throws IOException {
    Path file = folder.resolve("trace.txt");

    assertEquals(ExitCode.OK, simulate("--steps", "2", "--write-trace", file.toString()), err());

    List<String> lines = Files.readAllLines(file);
    assertTrue(lines.stream().anyMatch(line -> line.endsWith("orchestrator -> learner: Train")));
    assertTrue(lines.stream().anyMatch(line -> line.contains("StepTrained[step=2")));
  }

  /** A run folder as the simulation itself would have written it is predicted within 3 %. */
  @Test
  void aRecordedRunIsPredictedAndWhatIfIsAnswered() throws IOException {
    String[] recorded = {
      "--steps",
      "40",
      "--set",
      "eval.every-steps=0",
      "--set",
      "simulate.prompt-tokens=70",
      "--set",
      "simulate.step-millis=11",
      "--set",
      "simulate.row-millis=0.1",
      "--set",
      "simulate.train-tokens-per-second=9000",
      "--set",
      "simulate.response-tokens=44"
    };
    List<String> arguments = new ArrayList<>(List.of(recorded));
    arguments.add("--json");
    assertEquals(ExitCode.OK, simulate(arguments.toArray(String[]::new)), err());
    JsonNode run = new ObjectMapper().readTree(out()).get("runs").get(0);
    record(run.get("metrics"));
    outBytes.reset();

    assertEquals(ExitCode.OK, simulate("--trace", folder.toString(), "--workers", "2", "--json"));

    JsonNode object = new ObjectMapper().readTree(out());
    assertEquals(0, object.get("trace").get("error_share").asDouble(), 0.03);
    assertEquals(2, object.get("workers").asInt());
    double before = run.get("training_steps_per_minute").asDouble();
    double with = object.get("runs").get(0).get("training_steps_per_minute").asDouble();
    assertTrue(with > 1.2 * before, "two workers make " + with + " of " + before);
  }

  /** Writes what a run of 40 steps would leave, each step with the same numbers. */
  private void record(JsonNode metrics) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int step = 1; step <= 40; step++) {
      lines.append("{\"step\":").append(step);
      metrics
          .properties()
          .forEach(
              entry ->
                  lines.append(
                      String.format(Locale.ROOT, ",\"%s\":%s", entry.getKey(), entry.getValue())));
      lines.append("}\n");
    }
    Files.writeString(folder.resolve("metrics.jsonl"), lines);
    Files.writeString(folder.resolve("samples.jsonl"), "");
    Files.writeString(
        folder.resolve("config.resolved.conf"), "run.steps = 40, eval.every-steps = 0\n");
  }

  private int simulate(String... arguments) {
    List<String> all = new ArrayList<>(List.of("simulate"));
    all.addAll(List.of(arguments));
    return Main.run(
        Main.Verbs.real(),
        new PrintStream(outBytes, true, StandardCharsets.UTF_8),
        new PrintStream(errBytes, true, StandardCharsets.UTF_8),
        all.toArray(String[]::new));
  }

  private String out() {
    return outBytes.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return errBytes.toString(StandardCharsets.UTF_8);
  }
}
