package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import krites.app.run.JsonLines;
import krites.data.BadRows;
import krites.data.DatasetSettings;
import krites.data.PromptSettings;
import krites.data.SupervisedRows;
import krites.data.SupervisedSettings;
import krites.data.TiePolicy;
import krites.data.shapes.SupervisedItem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rejection sampling on fake engines that always box 1, and the way of its rows into training. */
final class RejectCommandTest {
  private static final String RIGHT = "<think>a</think>\\boxed{1}";

  @TempDir private Path folder;

  private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
  private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();

  @Test
  void theRightAnswersAreKeptOnceAndCounted() {
    Path out = folder.resolve("out");

    assertEquals(ExitCode.OK, reject(out, "--limit", "20", "--keep", "3"), err());

    List<Map<String, Object>> rows = JsonLines.read(out.resolve("answers.jsonl"));
    assertFalse(rows.isEmpty());
    assertTrue(rows.size() < 20, "labels are 1 and 2");
    for (Map<String, Object> row : rows) {
      assertEquals(RIGHT, row.get("response"));
      assertEquals("1", row.get("answer"));
    }
    int right = rows.size();
    assertTrue(
        out()
            .contains(
                "prompts  20: " + right + " with a right answer, " + (20 - right) + " without, 0"),
        out());
    assertTrue(out().contains("answers  80: " + 4 * right + " right, " + (80 - 4 * right)), out());
    assertTrue(
        out().contains("kept     " + right + "; of the right ones " + 3 * right + " repeat"),
        out());
  }

  @Test
  void itGoesOnWhereItWasAndEndsWithTheSameRows() throws IOException {
    Path once = folder.resolve("once");
    Path twice = folder.resolve("twice");

    assertEquals(ExitCode.OK, reject(once, "--limit", "12"), err());
    assertEquals(ExitCode.OK, reject(twice, "--limit", "5"), err());
    Path records = twice.resolve("records.jsonl");
    Files.writeString(records, Files.readString(records) + "{\"id\": \"5\", \"kep"); // killed
    assertEquals(ExitCode.OK, reject(twice, "--limit", "12"), err());

    assertEquals(-1, Files.mismatch(once.resolve("answers.jsonl"), twice.resolve("answers.jsonl")));
    assertEquals(12, JsonLines.read(records).size());
  }

  @Test
  void anotherRuleInTheSameFolderIsRefused() {
    Path out = folder.resolve("out");
    assertEquals(ExitCode.OK, reject(out, "--limit", "3"), err());

    assertEquals(ExitCode.INPUT, reject(out, "--limit", "3", "--keep", "2"));

    assertTrue(err().contains("keep was 1 and is now 2"), err());
  }

  @Test
  void anAnswerWithoutTheLayoutCountsWhereTheRewardMayBeLess() {
    Path strict = folder.resolve("strict");
    Path all = folder.resolve("all");

    assertEquals(ExitCode.OK, reject(strict, "--limit", "8", "--min-reward", "1.01"), err());
    assertEquals(ExitCode.OK, reject(all, "--limit", "8", "--min-reward", "0.1"), err());

    assertEquals(0, JsonLines.read(strict.resolve("answers.jsonl")).size());
    assertEquals(8, JsonLines.read(all.resolve("answers.jsonl")).size());
  }

  @Test
  void theRowsAreReadByTheSupervisedStageWithTheirPictures() throws IOException {
    Path out = folder.resolve("out");
    assertEquals(
        ExitCode.OK, reject(out, "--config", "mixed", "--limit", "10", "--min-reward", "0"), err());

    SupervisedRows rows =
        SupervisedRows.read(
            out.resolve("answers.jsonl").toString(),
            new DatasetSettings(
                PromptSettings.of("Not used.", TiePolicy.REFUSE),
                Optional.empty(),
                Optional.empty(),
                BadRows.STOP),
            new SupervisedSettings(SupervisedSettings.Target.ANSWER, true),
            (_, _) -> {});

    assertEquals(10, rows.size());
    List<SupervisedItem> items = LongStream.range(0, rows.size()).mapToObj(rows::item).toList();
    assertEquals(10, new HashSet<>(items.stream().map(item -> item.prompt().id()).toList()).size());
    for (SupervisedItem item : items) {
      assertEquals(RIGHT, item.response());
      assertTrue(item.prompt().text().startsWith("<image>Question: "), item.prompt().text());
      assertFalse(item.prompt().text().contains("Not used."));
      assertEquals(1, item.prompt().images().size());
    }
  }

  @Test
  void badInputIsOneLine() {
    assertEquals(ExitCode.INPUT, reject(folder.resolve("a"), "--keep", "0"));
    assertTrue(
        err().contains("--keep 0: reject.keep: expected a whole number of at least 1"), err());
    assertEquals(ExitCode.INPUT, reject(folder.resolve("a"), "--limit", "-1"));
    assertEquals(ExitCode.INPUT, reject(folder.resolve("a"), "--n", "1"));
    assertTrue(err().contains("rollout.group-size: expected a whole number of at least 2"), err());
    assertEquals(ExitCode.INPUT, reject(folder.resolve("a"), "--data", "nowhere.jsonl"));
    assertFalse(Files.exists(folder.resolve("a")));
  }

  private int reject(Path out, String... more) {
    List<String> line = new ArrayList<>(List.of("reject", "--out", out.toString()));
    if (!List.of(more).contains("--n")) {
      line.addAll(List.of("--n", "4"));
    }
    line.addAll(List.of(more));
    line.addAll(List.of("--set", "eval.critic-items=0", "--set", "eval.policy-items=0"));
    return FakeVerbs.run(outBytes, errBytes, line.toArray(String[]::new));
  }

  private String out() {
    return outBytes.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return errBytes.toString(StandardCharsets.UTF_8);
  }
}
