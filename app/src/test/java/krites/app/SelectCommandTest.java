package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** select on the evaluations of a run, through the command line. */
final class SelectCommandTest {
  @TempDir Path run;

  private final RealVerbs verbs = new RealVerbs();

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
    assertEquals(
        ExitCode.OK, verbs.run("select", run.toString(), "--for", "critic", "--json"), verbs.err());
    JsonNode critic = new ObjectMapper().readTree(verbs.out());
    assertEquals(100, critic.path("step").asInt());
    assertTrue(critic.path("checkpoint").asText().endsWith("step-100"));
    assertEquals("certain", critic.path("divergence").asText());
    assertEquals(5, critic.path("curve").size());
    assertTrue(critic.path("curve").get(0).path("critic_low").asDouble() < 0.5);

    assertEquals(ExitCode.OK, verbs.run("select", run.toString(), "--for", "policy"), verbs.err());
    assertTrue(verbs.out().contains("step 50, "), verbs.out());
    assertTrue(verbs.out().contains("WARNING: since step 50 the policy fell"), verbs.out());
    assertTrue(verbs.out().contains("<- for policy"), verbs.out());
    assertTrue(verbs.out().contains("not kept"), verbs.out());
  }

  @Test
  void whatIsNoRunOrHasNoCheckpointIsOneLine() throws IOException {
    assertEquals(ExitCode.INPUT, verbs.run("select", run.toString(), "--for", "critic"));
    assertTrue(verbs.err().contains("evals.jsonl"), verbs.err());
    Files.writeString(run.resolve("evals.jsonl"), line(0, "critic", 0.5));
    assertEquals(ExitCode.INPUT, verbs.run("select", run.toString(), "--for", "critic"));
    assertTrue(verbs.err().contains("checkpoint.keep"), verbs.err());
    assertEquals(ExitCode.INPUT, verbs.run("select", run.toString()));
    assertEquals(ExitCode.INPUT, verbs.run("select", run.toString(), "--for", "everything"));
  }
}
