package krites.eval.select;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The policy falls while the critic does not: what the paper saw after some 350 steps, and the sign
 * to stop, or to take an earlier checkpoint.
 *
 * @param level how sure it is
 * @param since the step with the policy's best check
 * @param words one sentence
 */
public record Divergence(Level level, long since, String words) {
  /** Checks in a row that must agree before anything is said early. */
  private static final int EARLY_CHECKS = 3;

  /** How sure it is. */
  public enum Level {
    /** The policy has fallen in each of the last checks, and the critic in none. */
    EARLY,

    /** The fall of the policy is more than another draw of held-out items would explain. */
    CERTAIN
  }

  /**
   * Looks at the last checks of a run.
   *
   * @param points in the order of their steps; those without both measurements are left out
   */
  public static Optional<Divergence> in(List<CurvePoint> points) {
    List<CurvePoint> both =
        points.stream()
            .filter(point -> point.critic().isPresent() && point.policy().isPresent())
            .toList();
    if (both.size() < 2) {
      return Optional.empty();
    }
    CurvePoint last = both.getLast();
    CurvePoint peak = both.getFirst();
    for (CurvePoint point : both) {
      peak = policy(point).value() > policy(peak).value() ? point : peak;
    }
    if (criticFell(peak, last)) {
      return Optional.empty();
    }
    double fall = policy(peak).value() - policy(last).value();
    double noise = Share.Z * Math.sqrt(policy(peak).variance() + policy(last).variance());
    if (fall > noise) {
      return Optional.of(new Divergence(Level.CERTAIN, peak.step(), words(peak, last)));
    }
    return falling(both)
        ? Optional.of(new Divergence(Level.EARLY, peak.step(), words(peak, last)))
        : Optional.empty();
  }

  private static boolean criticFell(CurvePoint peak, CurvePoint last) {
    double fall = critic(peak).value() - critic(last).value();
    return fall > Share.Z * Math.sqrt(critic(peak).variance() + critic(last).variance());
  }

  /** Whether the policy fell and the critic did not, from check to check, at the end. */
  private static boolean falling(List<CurvePoint> both) {
    if (both.size() <= EARLY_CHECKS) {
      return false;
    }
    for (int i = both.size() - EARLY_CHECKS; i < both.size(); i++) {
      CurvePoint before = both.get(i - 1);
      CurvePoint now = both.get(i);
      if (policy(now).value() >= policy(before).value()
          || critic(now).value() < critic(before).value()) {
        return false;
      }
    }
    return true;
  }

  private static Share policy(CurvePoint point) {
    return point.policy().orElseThrow();
  }

  private static Share critic(CurvePoint point) {
    return point.critic().orElseThrow();
  }

  private static String words(CurvePoint peak, CurvePoint last) {
    return String.format(
        Locale.ROOT,
        "since step %d the policy fell from %.3f to %.3f at step %d while the critic went from"
            + " %.3f to %.3f",
        peak.step(),
        policy(peak).value(),
        policy(last).value(),
        last.step(),
        critic(peak).value(),
        critic(last).value());
  }
}
