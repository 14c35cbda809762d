package krites.eval;

import java.util.Optional;

/**
 * One number of a report.
 *
 * @param name for example {@code accuracy} or {@code accuracy/source=TextVQA}
 * @param value usually a share, from 0 to 1
 * @param items what it is a mean of
 * @param interval of 95 %, where the number depends on which items were drawn
 */
public record Measure(String name, double value, long items, Optional<Interval> interval) {
  /** A number that is no estimate. */
  public static Measure of(String name, double value, long items) {
    return new Measure(name, value, items, Optional.empty());
  }

  /** The same under another name. */
  public Measure named(String other) {
    return new Measure(other, value, items, interval);
  }
}
