package krites.app.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ByteProgressTest {
  private static final long MILLI = 1_000_000;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long now;

  @Test
  void aLineSaysHowFarAndHowLong() {
    assertEquals(
        "loading  [#####...............]  2.0 of 8.0 GB  1.0 GB/s  eta 0:06",
        ByteProgress.line(2_000_000_000, 8_000_000_000L, 2_000 * MILLI, false, "loading"));
  }

  @Test
  void whatIsDoneSoonShowsNothing() {
    try (ByteProgress bar = bar(true)) {
      now = 400 * MILLI;
      bar.reached(5, 10);
      bar.reached(10, 10);
    }
    assertEquals("", text());
  }

  @Test
  void aLongLoadShowsABarThatIsWipedAway() {
    try (ByteProgress bar = bar(true)) {
      now = 600 * MILLI;
      bar.reached(5, 10);
      bar.reached(6, 10); // too soon after the last
      now = 800 * MILLI;
      bar.reached(10, 10);
    }
    assertEquals(1, text().split("loading", -1).length - 1, text());
    assertTrue(text().endsWith("\r\u001b[K"), text());
  }

  @Test
  void whereNobodyLooksNothingIsPrinted() {
    try (ByteProgress bar = bar(false)) {
      now = 10_000 * MILLI;
      bar.reached(5, 10);
    }
    assertEquals("", text());
  }

  private ByteProgress bar(boolean interactive) {
    Terminal terminal = new Terminal(new PrintStream(bytes, true), interactive, 80, false, false);
    return new ByteProgress(terminal, "loading", () -> now);
  }

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
