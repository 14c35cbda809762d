package krites.app.config;

import krites.model.device.DeviceName;

/** A value that a settings record refuses; {@link ConfigReader} adds the place it was read from. */
public final class InvalidSetting extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String key;

  /**
   * @param key the key at fault, for example {@code learner.lr}
   * @param trouble what is wrong with it, for example {@code expected a number above 0, found -1.0}
   */
  public InvalidSetting(String key, String trouble) {
    super(key + ": " + trouble);
    this.key = key;
  }

  /** The key at fault. */
  public String key() {
    return key;
  }

  static int atLeast(String key, int least, int value) {
    require(value >= least, key, "a whole number of at least " + least, value);
    return value;
  }

  static double atLeast(String key, double least, double value) {
    require(
        value >= least && Double.isFinite(value),
        key,
        "a number of at least " + plain(least),
        value);
    return value;
  }

  static double above(String key, double limit, double value) {
    require(value > limit && Double.isFinite(value), key, "a number above " + plain(limit), value);
    return value;
  }

  static double fraction(String key, double value) {
    require(value >= 0 && value <= 1, key, "a number from 0 to 1", value);
    return value;
  }

  static double fractionBelowOne(String key, double value) {
    require(value >= 0 && value < 1, key, "a number of at least 0 and below 1", value);
    return value;
  }

  static void require(boolean holds, String key, String expected, Object found) {
    if (!holds) {
      throw new InvalidSetting(key, "expected " + expected + ", found " + found);
    }
  }

  static void deviceName(String key, String value) {
    require(DeviceName.parse(value).isPresent(), key, DeviceName.EXPECTED, value);
  }

  private static String plain(double number) {
    return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
  }
}
