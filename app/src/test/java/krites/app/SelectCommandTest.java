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
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** select on the evaluations of a run, through the command line. */
final class SelectCommandTest {
  @TempDir Path run;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int krites(String... arguments) {
    out.reset();
    err.reset();
    return Main.run(
        Main.Verbs.real(),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        arguments);
  }

  /** The critic rises, the policy rises and falls; the first checkpoint was not kept. */
  private void writeRun() throws IOException {
    double[] critic = {0.50, 0.80, 0.90, 0.92, 0.93};
    double[] policy = {0.70, 0.90, 0.95, 0.80, 0.70};
    StringBuilder evals = new StringBuilder();
    for (int i = 0; i < critic.length; i++) {
      evals.append(line(25 * i, "critic", critic[i])).append(line(25 * i, "policy", policy[i]));
      if (i > 0) {
        Files.createDirectories(run.resolve("checkpoints/step-" + 25 * i));
      }
    }
    Files.writeString(run.resolve("evals.jsonl"), evals + "{\"step\":125,\"se");
  }

  private static String line(int step, String set, double accuracy) {
    return String.format(
        Locale.ROOT,
        "{\"step\":%d,\"set\":\"%s\",\"items\":200,\"accuracy\":%.3f}%n",
        step,
        set,
        accuracy);
  }

  @Test
  void eachPurposeNamesItsStepAndTheFallIsTold() throws IOException {
    writeRun();
    assertEquals(ExitCode.OK, krites("select", run.toString(), "--for", "critic", "--json"), err());
    JsonNode critic = new ObjectMapper().readTree(out.toByteArray());
    assertEquals(100, critic.path("step").asInt());
    assertTrue(critic.path("checkpoint").asText().endsWith("step-100"));
    assertEquals("certain", critic.path("divergence").asText());
    assertEquals(5, critic.path("curve").size());
    assertTrue(critic.path("curve").get(0).path("critic_low").asDouble() < 0.5);

    assertEquals(ExitCode.OK, krites("select", run.toString(), "--for", "policy"), err());
    assertTrue(out().contains("step 50, "), out());
    assertTrue(out().contains("WARNING: since step 50 the policy fell"), out());
    assertTrue(out().contains("<- for policy"), out());
    assertTrue(out().contains("not kept"), out());
  }

  @Test
  void whatIsNoRunOrHasNoCheckpointIsOneLine() throws IOException {
    assertEquals(ExitCode.INPUT, krites("select", run.toString(), "--for", "critic"));
    assertTrue(err().contains("evals.jsonl"), err());
    Files.writeString(run.resolve("evals.jsonl"), line(0, "critic", 0.5));
    assertEquals(ExitCode.INPUT, krites("select", run.toString(), "--for", "critic"));
    assertTrue(err().contains("checkpoint.keep"), err());
    assertEquals(ExitCode.INPUT, krites("select", run.toString()));
    assertEquals(ExitCode.INPUT, krites("select", run.toString(), "--for", "everything"));
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
