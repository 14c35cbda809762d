package krites.app.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JsonLinesTest {
  /** Longer than two blocks that are read from the end at once. */
  private static final String LONG = "x".repeat(150_000);

  @TempDir Path folder;

  @Test
  void whatStandsBehindTheLastLineThatPassesIsMovedAside() throws IOException {
    Path side = Files.writeString(folder.resolve("side"), "{\"step\":9}\n");
    for (long keep = 0; keep <= 5; keep++) {
      Path file = file(5, "{\"step\":6,\"torn");
      long last = keep;
      try (JsonLines lines = JsonLines.open(file)) {
        lines.cutBehindLast(side, upTo(last));
        lines.append(Map.of("step", 100));
      }

      List<Long> kept =
          LongStream.concat(LongStream.rangeClosed(1, keep), LongStream.of(100)).boxed().toList();
      assertEquals(kept, steps(file), "up to " + keep);
      List<String> moved = Files.readAllLines(side);
      assertEquals(
          1 + 5 - keep + 1, moved.size(), "what was there before, and the unfinished line");
      assertEquals("{\"step\":6,\"torn", moved.getLast());
      Files.writeString(side, "{\"step\":9}\n");
    }
  }

  @Test
  void nothingIsMovedWhereAllPasses() throws IOException {
    Path file = file(3, "");
    byte[] before = Files.readAllBytes(file);
    try (JsonLines lines = JsonLines.open(file)) {
      lines.cutBehindLast(folder.resolve("side"), upTo(3));
    }
    assertEquals(List.of(1L, 2L, 3L), steps(file));
    assertEquals(before.length, Files.size(file));
    assertFalse(Files.exists(folder.resolve("side")));
  }

  @Test
  void theLastObjectIsFoundFromTheEnd() throws IOException {
    assertEquals(Optional.empty(), JsonLines.last(folder.resolve("none")));
    assertEquals(Optional.empty(), JsonLines.last(file(0, "")));
    assertEquals(Optional.empty(), JsonLines.last(file(0, "{\"step\":1,\"torn")));
    assertEquals(7, JsonLines.last(file(7, "")).orElseThrow().get("step"));
    assertEquals(7, JsonLines.last(file(7, "{\"step\":8,\"torn")).orElseThrow().get("step"));
  }

  /** Lines of steps from 1 on; every second one is long. */
  private Path file(int steps, String torn) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int step = 1; step <= steps; step++) {
      text.append("{\"step\":").append(step);
      text.append(step % 2 == 0 ? ",\"text\":\"" + LONG + "\"}\n" : "}\n");
    }
    return Files.writeString(folder.resolve("file.jsonl"), text + torn);
  }

  private static Predicate<Map<String, Object>> upTo(long last) {
    return line -> ((Number) line.getOrDefault("step", 0)).longValue() <= last;
  }

  private static List<Long> steps(Path file) {
    List<Long> steps = new ArrayList<>();
    JsonLines.each(file, line -> steps.add(((Number) line.getOrDefault("step", 0)).longValue()));
    return steps;
  }
}
