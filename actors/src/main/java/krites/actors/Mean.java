package krites.actors;

/** Mean, sample deviation and largest of a stream of numbers; NaN while there are none. */
final class Mean {
  private long count;
  private double mean;
  private double squares; // sum of squared distances from the mean, updated as by Welford (1962)
  private double max = Double.NEGATIVE_INFINITY;

  void add(double value) {
    count++;
    double before = value - mean;
    mean += before / count;
    squares += before * (value - mean);
    max = Math.max(max, value);
  }

  long count() {
    return count;
  }

  double value() {
    return count == 0 ? Double.NaN : mean;
  }

  /** With n - 1; 0 for a single number. */
  double deviation() {
    return count < 2 ? 0 : Math.sqrt(squares / (count - 1));
  }

  double max() {
    return count == 0 ? Double.NaN : max;
  }
}
