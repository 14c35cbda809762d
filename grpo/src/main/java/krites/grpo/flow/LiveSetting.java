package krites.grpo.flow;

/**
 * A setting that may change while a run goes on, with its new value. Each is a key of the
 * configuration; a value that the configuration would refuse is refused here too.
 */
public sealed interface LiveSetting {
  /** The key of the configuration. */
  String key();

  /** The value as the configuration would write it. */
  String value();

  /** {@code async.max-staleness}, in versions. */
  record MaxStaleness(int versions) implements LiveSetting {
    public MaxStaleness {
      require(versions >= 0, "async.max-staleness", versions);
    }

    @Override
    public String key() {
      return "async.max-staleness";
    }

    @Override
    public String value() {
      return Integer.toString(versions);
    }
  }

  /** {@code learner.lr}: the peak; the course of the schedule stays. */
  record LearningRate(double peak) implements LiveSetting {
    public LearningRate {
      require(peak >= 0 && Double.isFinite(peak), "learner.lr", peak);
    }

    @Override
    public String key() {
      return "learner.lr";
    }

    @Override
    public String value() {
      return Double.toString(peak);
    }
  }

  /** {@code algorithm.clip-low}. */
  record ClipLow(double below) implements LiveSetting {
    public ClipLow {
      require(below >= 0 && below < 1, "algorithm.clip-low", below);
    }

    @Override
    public String key() {
      return "algorithm.clip-low";
    }

    @Override
    public String value() {
      return Double.toString(below);
    }
  }

  /** {@code algorithm.clip-high}. */
  record ClipHigh(double above) implements LiveSetting {
    public ClipHigh {
      require(above >= 0 && Double.isFinite(above), "algorithm.clip-high", above);
    }

    @Override
    public String key() {
      return "algorithm.clip-high";
    }

    @Override
    public String value() {
      return Double.toString(above);
    }
  }

  /** {@code algorithm.kl-coefficient}. */
  record KlCoefficient(double weight) implements LiveSetting {
    public KlCoefficient {
      require(weight >= 0 && Double.isFinite(weight), "algorithm.kl-coefficient", weight);
    }

    @Override
    public String key() {
      return "algorithm.kl-coefficient";
    }

    @Override
    public String value() {
      return Double.toString(weight);
    }
  }

  /** {@code algorithm.drop-flat-groups}. */
  record DropFlatGroups(boolean drop) implements LiveSetting {
    @Override
    public String key() {
      return "algorithm.drop-flat-groups";
    }

    @Override
    public String value() {
      return Boolean.toString(drop);
    }
  }

  /** {@code rollout.workers}. */
  record RolloutWorkers(int workers) implements LiveSetting {
    public RolloutWorkers {
      require(workers >= 1, "rollout.workers", workers);
    }

    @Override
    public String key() {
      return "rollout.workers";
    }

    @Override
    public String value() {
      return Integer.toString(workers);
    }
  }

  private static void require(boolean holds, String key, Object value) {
    if (!holds) {
      throw new IllegalArgumentException(key + " cannot be " + value);
    }
  }
}
