package krites.grpo.flow;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Compares the lengths of the groups that are trained with those of the groups that were issued,
 * while the run goes on. Whatever loses long groups (stragglers that are cut off, groups that
 * become stale or whose worker dies) makes the policy learn from short ones; without this meter
 * nobody sees it.
 *
 * <p>A group that was given up during generation has a length that is only known to be more than
 * what it had: a right-censored value. The test is Gehan's generalisation of the Wilcoxon rank test
 * (Biometrika 52, 1965): of each pair of groups, +1 or -1 where it is known which is longer, else 0
 * (ties, and censored ones that may be either); the variance is that of all permutations of the
 * pooled sample. Without censored values it is the Mann-Whitney test with its correction for ties.
 * Ranks, because lengths have heavy tails and a mean then says little about most groups.
 *
 * <p>Trained groups are among the issued ones, so the two samples are not independent; that makes
 * the difference vary less than the test assumes, and alarms rarer than stated.
 *
 * <p>Not thread safe.
 */
public final class BiasMeter {
  /**
   * Newest groups that are compared, of either kind. With 2,048 the loss of the longest tenth gives
   * |z| of about 5.6, beyond the alarm; memory is 8 bytes per group and a comparison sorts 4,096
   * numbers, both nothing beside a step. Larger would only be slower to forget.
   */
  public static final int WINDOW = 2_048;

  /** Groups of either kind without which no warning is given: the z value is not yet normal. */
  static final int LEAST = 64;

  /**
   * |z| from which on a person is told. A fair run exceeds it with probability 6e-5 in a look; with
   * a look per step, and windows that share nearly all groups, that is rarer than once in a run.
   */
  static final double ALARM_Z = 4;

  /** Smaller differences of the means are not worth a person's time, however certain. */
  static final double ALARM_DIFFERENCE = 0.05;

  /**
   * Issued and trained groups of the window.
   *
   * @param issued groups compared whose generation completed or was given up
   * @param censored of these, given up during generation
   * @param trained groups compared that were trained
   * @param issuedTokensMean tokens; of groups given up, those they had, so it is a lower bound
   * @param trainedTokensMean tokens
   * @param z the rank test in standard deviations; negative when trained groups are shorter
   */
  public record Comparison(
      int issued,
      int censored,
      int trained,
      double issuedTokensMean,
      double trainedTokensMean,
      double z) {

    /** How much longer trained groups are on average, as a share of issued ones; negative: less. */
    public double difference() {
      return issuedTokensMean == 0 ? 0 : trainedTokensMean / issuedTokensMean - 1;
    }

    /** One line for a person when what is trained is not what was issued. */
    public Optional<String> warning() {
      boolean alarm =
          Math.min(issued, trained) >= LEAST
              && Math.abs(z) >= ALARM_Z
              && Math.abs(difference()) >= ALARM_DIFFERENCE
              && Math.signum(z) == Math.signum(difference());
      return alarm
          ? Optional.of(
              String.format(
                  Locale.ROOT,
                  "trained groups are %.0f %% %s than issued ones: %.1f tokens on average"
                      + " against %.1f%s (z = %.1f, %d and %d groups); what is trained is not what"
                      + " was asked for",
                  100 * Math.abs(difference()),
                  z < 0 ? "shorter" : "longer",
                  trainedTokensMean,
                  issuedTokensMean,
                  censored == 0 ? "" : " or more",
                  z,
                  trained,
                  issued))
          : Optional.empty();
    }

    /** The numbers of a step; none while one side is empty. */
    public Map<String, Double> metrics() {
      Map<String, Double> metrics = new LinkedHashMap<>();
      if (issued > 0 && trained > 0) {
        metrics.put("bias/issued_tokens_mean", issuedTokensMean);
        metrics.put("bias/trained_tokens_mean", trainedTokensMean);
        metrics.put("bias/z", z);
      }
      return metrics;
    }
  }

  private final int lag;
  private final Window issued;
  private final Window trained = new Window(WINDOW);

  /** A meter for runs with few groups in flight, compared with its window. */
  public BiasMeter() {
    this(0);
  }

  /**
   * @param lag newest issued groups that are left out of the comparison, because they cannot have
   *     been trained yet: about the groups in flight. Where lengths drift during a run, the newest
   *     groups differ from those in training without any bias
   */
  public BiasMeter(int lag) {
    if (lag < 0) {
      throw new IllegalArgumentException("lag " + lag + " is negative");
    }
    this.lag = lag;
    this.issued = new Window(WINDOW + lag);
  }

  /** The generation of a group completed; {@code responseTokens} of all its responses. */
  public void generated(int responseTokens) {
    issued.add(encode(responseTokens, false));
  }

  /** A group was given up during generation, when its responses had {@code tokensSoFar}. */
  public void abandoned(int tokensSoFar) {
    issued.add(encode(tokensSoFar, true));
  }

  /** A group was part of a completed step. */
  public void trained(int responseTokens) {
    trained.add(encode(responseTokens, false));
  }

  /** The metrics of {@link #compare()}. */
  public Map<String, Double> metrics() {
    return compare().metrics();
  }

  /** Compares the two windows; O(n log n). */
  public Comparison compare() {
    long[] left = issued.oldest(Math.max(0, issued.size() - lag));
    long[] right = trained.oldest(trained.size());
    return new Comparison(
        left.length,
        (int) Arrays.stream(left).filter(BiasMeter::isCensored).count(),
        right.length,
        mean(left),
        mean(right),
        z(left, right));
  }

  /** The statistic of the second sample, in standard deviations under permutation. */
  private static double z(long[] left, long[] right) {
    long[] pooled = new long[left.length + right.length];
    System.arraycopy(left, 0, pooled, 0, left.length);
    System.arraycopy(right, 0, pooled, left.length, right.length);
    double pairs = (double) left.length * right.length;
    Scores scores = new Scores(pooled);
    double statistic = 0;
    for (long value : right) {
      statistic += scores.of(value);
    }
    double squares = 0;
    for (long value : pooled) {
      double score = scores.of(value);
      squares += score * score;
    }
    if (pairs == 0 || squares == 0) {
      return 0; // nothing to compare, or all are equal
    }
    double all = pooled.length;
    return statistic / Math.sqrt(pairs * squares / (all * (all - 1)));
  }

  /** Gehan's score: values known to be smaller, less those known to be larger. */
  private static final class Scores {
    private final long[] exact;
    private final long[] censored;

    private Scores(long[] pooled) {
      exact = Arrays.stream(pooled).filter(value -> !isCensored(value)).sorted().toArray();
      censored = Arrays.stream(pooled).filter(BiasMeter::isCensored).sorted().toArray();
    }

    private long of(long value) {
      int tokens = tokens(value);
      if (isCensored(value)) {
        return below(exact, encode(tokens + 1, false)); // it will be longer than what it has
      }
      long larger =
          exact.length
              - below(exact, encode(tokens + 1, false))
              + censored.length
              - below(censored, encode(tokens, true));
      return below(exact, encode(tokens, false)) - larger;
    }
  }

  /** How many of the sorted values are less than {@code limit}. */
  private static int below(long[] sorted, long limit) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < limit) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static double mean(long[] values) {
    return Arrays.stream(values).mapToInt(BiasMeter::tokens).average().orElse(0);
  }

  /** A length and whether it is censored in one number whose order is that of the lengths. */
  private static long encode(int tokens, boolean isCensored) {
    return 2L * tokens + (isCensored ? 1 : 0);
  }

  private static int tokens(long value) {
    return (int) (value >> 1);
  }

  private static boolean isCensored(long value) {
    return (value & 1) == 1;
  }

  /** The newest values, up to a limit, in a ring. */
  private static final class Window {
    private final long[] values;
    private long added;

    private Window(int limit) {
      values = new long[limit];
    }

    private void add(long value) {
      if (value < 0) {
        throw new IllegalArgumentException(tokens(value) + " tokens");
      }
      values[(int) (added % values.length)] = value;
      added++;
    }

    private int size() {
      return (int) Math.min(added, values.length);
    }

    /** The oldest values that are still here, at most {@link #WINDOW}. */
    private long[] oldest(int count) {
      long first = added - size();
      long[] chosen = new long[Math.min(count, WINDOW)];
      for (int i = 0; i < chosen.length; i++) {
        chosen[i] = values[(int) ((first + i) % values.length)];
      }
      return chosen;
    }
  }
}
