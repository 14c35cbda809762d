package krites.app.display;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** One line about a run under way; values in, text out. */
final class ProgressLine {
  private static final int BAR_CELLS = 20;

  private ProgressLine() {}

  /**
   * The whole line, cut to a width by leaving out its last parts.
   *
   * @param step the last step
   * @param steps length of the run
   * @param heldOut accuracies as last measured
   * @param remaining expected time to the end; zero if unknown
   * @param width columns of the terminal
   * @param unicode whether the terminal can show block characters
   */
  static String live(
      StepView step, long steps, HeldOut heldOut, Duration remaining, int width, boolean unicode) {
    List<String> parts = new ArrayList<>();
    parts.add("step " + step.step() + "/" + steps);
    parts.add(bar(step.step(), steps, unicode));
    parts.addAll(numbers(step, heldOut));
    if (!remaining.isZero()) {
      parts.add("eta " + clock(remaining));
    }
    StringBuilder line = new StringBuilder();
    for (String part : parts) {
      if (line.length() + 2 + part.length() > width) {
        break;
      }
      line.append(line.isEmpty() ? "" : "  ").append(part);
    }
    return line.toString();
  }

  /** The same without a bar, for a file or a pipe. */
  static String plain(
      StepView step, long steps, HeldOut heldOut, Duration elapsed, Duration remaining) {
    List<String> parts = new ArrayList<>();
    parts.add("step " + step.step() + "/" + steps);
    parts.addAll(numbers(step, heldOut));
    parts.add("elapsed " + clock(elapsed));
    if (!remaining.isZero()) {
      parts.add("eta " + clock(remaining));
    }
    return String.join("  ", parts);
  }

  /** An evaluation as one line. */
  static String evaluation(HeldOut heldOut) {
    List<String> parts = new ArrayList<>();
    add(parts, "critic", heldOut.criticAccuracy());
    add(parts, "critic layout", heldOut.criticFormat());
    add(parts, "policy", heldOut.policyAccuracy());
    add(parts, "policy layout", heldOut.policyFormat());
    return "held-out at step " + heldOut.step() + ": " + String.join("  ", parts);
  }

  private static List<String> numbers(StepView step, HeldOut heldOut) {
    List<String> parts = new ArrayList<>();
    parts.add("reward " + three(step.reward()));
    add(parts, "critic", heldOut.criticAccuracy());
    add(parts, "policy", heldOut.policyAccuracy());
    parts.add(tokens(step.tokensPerSecond()) + " tok/s");
    parts.add("age " + String.format(Locale.ROOT, "%.1f", step.age()));
    return parts;
  }

  private static void add(List<String> parts, String name, OptionalDouble value) {
    value.ifPresent(number -> parts.add(name + " " + three(number)));
  }

  static String three(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  private static String tokens(double perSecond) {
    return perSecond < 1000
        ? String.format(Locale.ROOT, "%.0f", perSecond)
        : String.format(Locale.ROOT, "%.1fk", perSecond / 1000);
  }

  private static String bar(long step, long steps, boolean unicode) {
    int full = (int) (BAR_CELLS * Math.min(step, steps) / Math.max(1, steps));
    return "["
        + (unicode ? "█" : "#").repeat(full)
        + (unicode ? "░" : ".").repeat(BAR_CELLS - full)
        + "]";
  }

  /** {@code 4:05}, or {@code 1:02:03} from an hour on. */
  static String clock(Duration duration) {
    long seconds = duration.toSeconds();
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
        : String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
}
