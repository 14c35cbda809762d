package krites.app.display;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Shows a run under way: one line that is overwritten where a person looks, else a plain line every
 * few steps.
 *
 * <p>Thread safe: steps, evaluations and the end may come from different threads.
 */
public final class ProgressDisplay {
  /** A run that nobody watches prints about this many step lines. */
  private static final int PLAIN_LINES = 25;

  private static final String CLEAR_LINE = "\r\u001b[K";

  private final Terminal terminal;
  private final InstantSource clock;
  private final long steps;
  private final long firstStep;
  private final Instant start;
  private HeldOut heldOut;
  private boolean lineOpen;

  /**
   * @param steps length of the run
   * @param firstStep the step it begins after: 0, or a checkpoint's step
   * @param heldOut what was measured last, before a resume
   */
  public ProgressDisplay(
      Terminal terminal, InstantSource clock, long steps, long firstStep, HeldOut heldOut) {
    this.terminal = terminal;
    this.clock = clock;
    this.steps = steps;
    this.firstStep = firstStep;
    this.heldOut = heldOut;
    this.start = clock.instant();
  }

  /** Shows a finished step. */
  public synchronized void step(StepView step) {
    Duration elapsed = Duration.between(start, clock.instant());
    Duration remaining = remaining(step.step(), elapsed);
    if (terminal.interactive()) {
      String line =
          ProgressLine.live(
              step, steps, heldOut, remaining, terminal.width() - 1, terminal.unicode());
      terminal.out().print(CLEAR_LINE + line);
      terminal.out().flush();
      lineOpen = true;
    } else if (isPrinted(step.step())) {
      terminal.out().println(ProgressLine.plain(step, steps, heldOut, elapsed, remaining));
    }
  }

  /** Shows an evaluation on a line that stays. */
  public synchronized void evaluated(HeldOut evaluation) {
    heldOut = evaluation;
    note(ProgressLine.evaluation(evaluation));
  }

  /** Shows a line that stays, above the moving one. */
  public synchronized void note(String text) {
    end();
    terminal.out().println(text);
  }

  /** Leaves the moving line as it is; what is printed next begins on a new line. */
  public synchronized void end() {
    if (lineOpen) {
      terminal.out().println();
      lineOpen = false;
    }
  }

  private boolean isPrinted(long step) {
    long every = Math.max(1, steps / PLAIN_LINES);
    return step == firstStep + 1 || step == steps || step % every == 0;
  }

  private Duration remaining(long step, Duration elapsed) {
    long done = step - firstStep;
    return done < 1
        ? Duration.ZERO
        : elapsed.multipliedBy(Math.max(0, steps - step)).dividedBy(done);
  }
}
