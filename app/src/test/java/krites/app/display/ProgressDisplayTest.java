package krites.app.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

final class ProgressDisplayTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
  private final FakeClock clock = new FakeClock();

  @Test
  void aWatchedRunOverwritesOneLine() {
    ProgressDisplay display =
        new ProgressDisplay(
            new Terminal(out, true, 120, true, false), clock, 150, 0, HeldOut.none(0));

    clock.advance(2);
    display.step(new StepView(1, 0.25, 0, 900));
    display.evaluated(heldOut(1, 0.5, 0.625));
    clock.advance(58);
    display.step(new StepView(30, 0.5, 0.25, 2140));
    display.end();

    assertEquals(
        """
        \r\u001b[Kstep 1/150  [░░░░░░░░░░░░░░░░░░░░]  reward 0.250  900 tok/s  age 0.0  eta 4:58
        held-out at step 1: critic 0.500  policy 0.625
        \r\u001b[Kstep 30/150  [████░░░░░░░░░░░░░░░░]  reward 0.500  critic 0.500  policy 0.625  2.1k tok/s  age 0.3  eta 4:00
        """
            .replace("\n", System.lineSeparator()),
        text());
  }

  @Test
  void aNarrowTerminalLosesTheLastPartsAndNeverWraps() {
    String line =
        ProgressLine.live(
            new StepView(3, 0.5, 0, 10), 9, heldOut(0, 0.5, 0.5), Duration.ofSeconds(9), 50, false);

    assertEquals("step 3/9  [######..............]  reward 0.500", line);
  }

  @Test
  void anUnwatchedRunPrintsAboutTwentyFivePlainLines() {
    ProgressDisplay display =
        new ProgressDisplay(Terminal.plain(out), clock, 100, 0, HeldOut.none(0));

    for (int step = 1; step <= 100; step++) {
      clock.advance(1);
      display.step(new StepView(step, 0.5, 1, 50));
    }

    List<String> lines = text().lines().toList();
    assertEquals(26, lines.size());
    assertEquals(
        "step 1/100  reward 0.500  50 tok/s  age 1.0  elapsed 0:01  eta 1:39", lines.getFirst());
    assertEquals("step 100/100  reward 0.500  50 tok/s  age 1.0  elapsed 1:40", lines.getLast());
    assertFalse(text().contains("\u001b"), "no control characters in a file");
  }

  @Test
  void theTimeLeftOfAResumedRunCountsOnlyItsOwnSteps() {
    ProgressDisplay display =
        new ProgressDisplay(Terminal.plain(out), clock, 100, 90, HeldOut.none(0));

    clock.advance(5);
    display.step(new StepView(91, 0.5, 0, 50));

    assertTrue(text().strip().endsWith("elapsed 0:05  eta 0:45"), text());
  }

  @Test
  void hoursAreShownFromTheFirstOn() {
    assertEquals("59:59", ProgressLine.clock(Duration.ofSeconds(3599)));
    assertEquals("1:00:01", ProgressLine.clock(Duration.ofSeconds(3601)));
  }

  @Test
  void theTableShowsBeforeAfterAndTheAccount() {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("reward_first", 0.25);
    summary.put("reward_last", 0.75);
    summary.put("policy_accuracy_peak", 0.875);
    summary.put("policy_accuracy_peak_step", 50);
    summary.put("groups_issued", 10);
    summary.put("groups_trained", 6);
    summary.put("groups_dropped", Map.of("STALE", 1, "FLAT", 2));
    summary.put("groups_in_flight", 1);

    List<String> lines =
        ResultTable.lines(
            Terminal.plain(out),
            summary,
            heldOut(0, 0.5, 0.625),
            heldOut(150, 0.75, 0.5),
            Path.of("runs/a"));

    assertEquals("critic accuracy       0.500    0.750   +0.250", lines.get(2));
    assertEquals("policy accuracy       0.625    0.500   -0.125", lines.get(3));
    assertEquals("reward                0.250    0.750   +0.500", lines.get(4));
    assertEquals("policy accuracy was highest at step 50: 0.875", lines.get(5));
    assertEquals("groups: 10 issued = 6 trained + 3 dropped + 1 in flight", lines.get(7));
    assertTrue(lines.contains("summary      runs/a/summary.json"));
  }

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static HeldOut heldOut(long step, double critic, double policy) {
    return HeldOut.none(step)
        .withCritic(OptionalDouble.of(critic), OptionalDouble.empty())
        .withPolicy(OptionalDouble.of(policy), OptionalDouble.empty());
  }

  /** A clock that stands still until told otherwise. */
  private static final class FakeClock implements InstantSource {
    private Instant now = Instant.EPOCH;

    void advance(long seconds) {
      now = now.plusSeconds(seconds);
    }

    @Override
    public Instant instant() {
      return now;
    }
  }
}
