package krites.reward.published;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Optional;
import krites.reward.PythonText;

/** How Python rounds and prints numbers, where a verdict compares what it printed. */
final class PythonNumbers {
  /** {@code repr} writes numbers from here on with an exponent. */
  private static final int EXPONENT_MAX = 16;

  /** {@code repr} writes numbers below {@code 1e-4} with an exponent. */
  private static final int EXPONENT_MIN = -4;

  private PythonNumbers() {}

  /** {@code str(int(float(text)))}; empty where it raises. */
  static Optional<String> integer(String text) {
    return PythonText.toFloat(text)
        .filter(Double::isFinite)
        .map(number -> new BigDecimal(number).toBigInteger().toString());
  }

  /**
   * {@code str(round(float(text), digits))}; empty where it raises.
   *
   * @param digits after the point
   */
  static Optional<String> rounded(String text, int digits) {
    return PythonText.toFloat(text).map(number -> repr(round(number, digits)));
  }

  /** {@code str(round(float(text)))}, without digits a whole number; empty where it raises. */
  static Optional<String> rounded(String text) {
    return PythonText.toFloat(text)
        .filter(Double::isFinite)
        .map(
            number ->
                new BigDecimal(number)
                    .setScale(0, RoundingMode.HALF_EVEN)
                    .toBigInteger()
                    .toString());
  }

  /** {@code round(number, digits)}: exact in decimal, halves to even. */
  static double round(double number, int digits) {
    if (!Double.isFinite(number)) {
      return number;
    }
    double rounded = new BigDecimal(number).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
    return Math.copySign(rounded, number); // decimals have no negative zero
  }

  /** {@code repr(number)}: the fewest digits that mean this number. */
  static String repr(double number) {
    if (Double.isNaN(number)) {
      return "nan";
    }
    String sign = Math.copySign(1, number) < 0 ? "-" : "";
    if (Double.isInfinite(number)) {
      return sign + "inf";
    }
    if (number == 0) {
      return sign + "0.0";
    }
    BigDecimal shortest = new BigDecimal(Double.toString(Math.abs(number))).stripTrailingZeros();
    BigInteger digits = shortest.unscaledValue();
    int exponent = shortest.precision() - shortest.scale() - 1;
    if (exponent >= EXPONENT_MIN && exponent < EXPONENT_MAX) {
      String plain = shortest.toPlainString();
      return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }
    String all = digits.toString();
    String mantissa = all.length() == 1 ? all : all.charAt(0) + "." + all.substring(1);
    String power = Math.abs(exponent) < 10 ? "0" + Math.abs(exponent) : "" + Math.abs(exponent);
    return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + power;
  }
}
