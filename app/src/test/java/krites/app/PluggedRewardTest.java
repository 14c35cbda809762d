package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import krites.app.rewards.Brevity;
import krites.app.run.JsonLines;
import krites.app.run.RunDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs with a reward that is plugged in, on fake engines that say the same 25 letters. */
final class PluggedRewardTest {
  @TempDir private Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void aClassIsTheRewardAndItsTermsAreMetrics() {
    Path run = folder.resolve("run");

    int code =
        train(
            run,
            "reward.kind=class",
            "reward.class=" + Brevity.class.getName(),
            "reward.class-options=[\"letters=50\"]",
            "reward.format-weight=0.2");

    assertEquals(ExitCode.OK, code, err());
    List<Map<String, Object>> steps = JsonLines.read(run.resolve("metrics.jsonl"));
    assertEquals(4, steps.size());
    for (Map<String, Object> step : steps) {
      assertEquals(0.8 * 0.5 + 0.2, number(step, "reward/mean"), 1e-12);
      assertEquals(0.5, number(step, "reward/external_mean"), 1e-12);
      assertEquals(0.5, number(step, "reward/used_share_mean"), 1e-12);
      assertEquals(1, number(step, "reward/format_mean"));
      assertTrue(step.containsKey("critic/accuracy"), "the truth is still compared");
    }
    Map<String, Object> eval = JsonLines.read(run.resolve("evals.jsonl")).getFirst();
    assertEquals(0.6, number(eval, "reward_mean"), 1e-12);
  }

  @Test
  void aJudgeThatFailsCostsTriesAndLeavesTheDefault() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(500, -1);
          exchange.close();
        });
    server.start();
    Path run = folder.resolve("run");
    try {
      int code =
          train(
              run,
              "reward.kind=http",
              "reward.http.url=http://127.0.0.1:" + server.getAddress().getPort(),
              "reward.http.model=m",
              "reward.on-failure=default",
              "reward.default-reward=-1",
              "reward.breaker-failures=3",
              "eval.critic-items=0",
              "eval.policy-items=0");

      assertEquals(ExitCode.OK, code, err());
    } finally {
      server.stop(0);
    }
    for (Map<String, Object> step : JsonLines.read(run.resolve("metrics.jsonl"))) {
      assertEquals(1, number(step, "reward/default_rate"));
      assertEquals(-1, number(step, "reward/mean"));
    }
    assertTrue(
        Files.readString(run.resolve(RunDirectory.LOG)).contains("answered with status 500"));
  }

  @Test
  void aWeightThatChangesIsTheSameAfterAResume() {
    String[] settings = {
      "reward.format-weight=0.5", "reward.format-weight-end=0.1", "reward.format-weight-steps=4"
    };
    Path whole = folder.resolve("whole");
    Path halves = folder.resolve("halves");

    assertEquals(ExitCode.OK, train(whole, settings), err());
    List<String> shorter = new ArrayList<>(List.of(settings));
    shorter.add("run.steps=2");
    assertEquals(ExitCode.OK, train(halves, shorter.toArray(String[]::new)), err());
    assertEquals(
        ExitCode.OK, krites("train", "--resume", halves.toString(), "--steps", "4"), err());

    List<Double> weights = numbers(whole, "reward/format_weight_mean");
    assertEquals(
        List.of(0.5, 0.4, 0.3, 0.2), weights.stream().map(PluggedRewardTest::rounded).toList());
    assertEquals(weights, numbers(halves, "reward/format_weight_mean"));
    assertEquals(numbers(whole, "reward/mean"), numbers(halves, "reward/mean"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          reward.kind=class | reward.class: expected the name of a class because reward.kind = class, found nothing
          reward.class=a.B | reward.class: expected nothing because reward.kind is not class, found a.B
          reward.kind=http | reward.http.url: expected the address of a server because reward.kind = http, found nothing
          reward.http.url=ftp://x | reward.http.url: expected an address such as http://host:8000/v1, without user, query or fragment, found ftp://x
          reward.http.url=http://me:secret@x | reward.http.url: expected an address such as http://host:8000/v1, without user, query or fragment, found http://...@x
          reward.http.api-key-env=HOME | reward.http.api-key-env: expected the name of an environment variable in capitals that ends with _API_KEY, found HOME
          reward.format-weight-end=2.0 | reward.format-weight-end: expected a number from 0 to 1, found 2.0
          reward.kind=other | reward.kind: expected one of builtin, class, http, found "other"
          """)
  void aWrongSettingIsOneLine(String setting, String message) {
    Path run = folder.resolve("run");

    assertEquals(ExitCode.INPUT, train(run, setting));

    assertTrue(err().strip().endsWith(": " + message), err());
    assertEquals(1, err().strip().lines().count());
    assertFalse(Files.exists(run));
  }

  @Test
  void aClassThatIsNotThereStopsTheStart() {
    Path run = folder.resolve("run");

    assertEquals(
        ExitCode.INPUT, train(run, "reward.kind=class", "reward.class=com.example.Nowhere"));

    assertTrue(
        err().contains("reward.class: there is no class com.example.Nowhere on the class path"),
        err());
    assertFalse(Files.exists(run));
  }

  @Test
  void aJudgeMustFitIntoTheDeadline() {
    int code =
        train(
            folder.resolve("run"),
            "reward.kind=http",
            "reward.http.url=http://127.0.0.1:1",
            "reward.http.model=m",
            "reward.http.parallel=2");

    assertEquals(ExitCode.INPUT, code);
    assertTrue(err().contains("reward.http.timeout-seconds: expected at most 15, so that"), err());
  }

  private static double rounded(double value) {
    return Math.round(value * 1000) / 1000.0;
  }

  private static List<Double> numbers(Path run, String name) {
    return JsonLines.read(run.resolve("metrics.jsonl")).stream()
        .map(step -> number(step, name))
        .toList();
  }

  private static double number(Map<String, Object> line, String name) {
    return ((Number) line.get(name)).doubleValue();
  }

  private int train(Path run, String... settings) {
    List<String> line = new ArrayList<>(List.of("train", "--run-dir", run.toString()));
    List<String> all =
        new ArrayList<>(
            List.of(
                "run.steps=4",
                "rollout.groups-per-step=2",
                "async.max-staleness=0",
                "checkpoint.every-steps=2",
                "eval.critic-items=2",
                "eval.policy-items=2"));
    all.addAll(List.of(settings));
    for (String setting : all) {
      line.add("--set");
      line.add(setting);
    }
    return krites(line.toArray(String[]::new));
  }

  private int krites(String... args) {
    return FakeVerbs.run(OutputStream.nullOutputStream(), err, args);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
