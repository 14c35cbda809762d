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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PlanCommandTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void aConfigurationFileAloneIsEnough(@TempDir Path folder) throws IOException {
    Files.copy(SmallDirectories.SHIPPED.resolve("config.json"), folder.resolve("config.json"));

    assertEquals(ExitCode.OK, krites("plan", "--model", folder.toString(), "--json"), err());

    JsonNode plan = new ObjectMapper().readTree(out.toString(StandardCharsets.UTF_8));
    assertEquals(1_055_072, plan.get("parameters").asLong());
    assertEquals("learner", plan.get("roles").get(0).get("role").asText());
    assertTrue(plan.get("fits").asBoolean());
  }

  @Test
  void whatDoesNotFitIsAFailedCheck() {
    int code =
        krites(
            "plan",
            "--model",
            SmallDirectories.SHIPPED.toString(),
            "--gpu-memory",
            "0.001",
            "--host-memory",
            "8");

    assertEquals(ExitCode.CHECK_FAILED, code, err());
    String text = out.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("does NOT fit"), text);
    assertTrue(text.contains("what the learner would hold otherwise"), text);
  }

  @Test
  void badInputIsOneLine() {
    assertEquals(ExitCode.INPUT, krites("plan", "--model", "nowhere"));
    assertEquals("krites: model directory nowhere does not exist", err().strip());
  }

  private int krites(String... args) {
    return Main.run(
        Main.Verbs.real(), new PrintStream(out, true), new PrintStream(err, true), args);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
