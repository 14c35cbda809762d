package krites.reward;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/**
 * A number under evaluation: an exact fraction, or a complex number of doubles.
 *
 * <p>A complex quantity knows the largest size met on its way ({@code scale}), against which a
 * rounding error is judged, and whether a root, logarithm or pi took part; if none did, decimals
 * follow binary arithmetic and zero means zero.
 */
final class Quantity {
  static final Quantity PI =
      new Quantity(BigInteger.ZERO, BigInteger.ZERO, Math.PI, 0, Math.PI, true);

  /** Relative rounding error that a difference of equal quantities may have. */
  private static final double ZERO_TOLERANCE = 1e-12;

  /** Exact numbers beyond this size become doubles; this bounds time and memory. */
  private static final int BITS_MAX = 4_096;

  /** A decimal of more digits than this is kept exactly, since a double cannot hold it. */
  private static final int DOUBLE_DIGITS_MAX = 15;

  private static final int FACTORIAL_MAX = 170;
  private static final int EXPONENT_MAX = 512;

  private final BigInteger numerator;
  private final BigInteger denominator; // zero marks a complex quantity
  private final double re;
  private final double im;
  private final double scale;
  private final boolean transcendental;

  private Quantity(
      BigInteger numerator,
      BigInteger denominator,
      double re,
      double im,
      double scale,
      boolean transcendental) {
    this.numerator = numerator;
    this.denominator = denominator;
    this.re = re;
    this.im = im;
    this.scale = scale;
    this.transcendental = transcendental;
  }

  static Quantity fraction(long numerator, long denominator) {
    return exact(BigInteger.valueOf(numerator), BigInteger.valueOf(denominator));
  }

  static Quantity complex(double re, double im) {
    return complex(re, im, Math.hypot(re, im), true);
  }

  static Quantity literal(String digits, boolean decimal) {
    if (!decimal) {
      return exact(new BigInteger(digits), BigInteger.ONE);
    }
    BigDecimal number =
        new BigDecimal(
            digits.endsWith(".") ? digits + "0" : digits.replaceAll("\\.([eE])", ".0$1"));
    if (number.precision() <= DOUBLE_DIGITS_MAX || Math.abs(number.scale()) > EXPONENT_MAX) {
      double value = number.doubleValue();
      return complex(value, 0, Math.abs(value), false);
    }
    return exact(number.unscaledValue(), BigInteger.ONE)
        .times(exact(BigInteger.TEN, BigInteger.ONE).power(fraction(-number.scale(), 1)));
  }

  private static Quantity exact(BigInteger numerator, BigInteger denominator) {
    if (denominator.signum() == 0) {
      throw new ArithmeticException("division by zero");
    }
    BigInteger common =
        numerator.gcd(denominator).multiply(BigInteger.valueOf(denominator.signum()));
    BigInteger top = numerator.divide(common);
    BigInteger bottom = denominator.divide(common);
    if (top.bitLength() + bottom.bitLength() > BITS_MAX) {
      double value = top.doubleValue() / bottom.doubleValue();
      return complex(value, 0, Math.abs(value), true);
    }
    return new Quantity(top, bottom, 0, 0, 0, false);
  }

  private static Quantity complex(double re, double im, double scale, boolean transcendental) {
    double size = Math.max(scale, Math.hypot(re, im));
    return new Quantity(BigInteger.ZERO, BigInteger.ZERO, re, im, size, transcendental);
  }

  boolean isZero() {
    if (isExact()) {
      return numerator.signum() == 0;
    }
    return transcendental ? Math.hypot(re, im) <= ZERO_TOLERANCE * scale : re == 0 && im == 0;
  }

  boolean isTranscendental() {
    return transcendental;
  }

  boolean isFinite() {
    return isExact() || (Double.isFinite(re) && Double.isFinite(im) && Double.isFinite(scale));
  }

  Quantity negated() {
    return isExact()
        ? exact(numerator.negate(), denominator)
        : complex(-re, -im, scale, transcendental);
  }

  Quantity plus(Quantity other) {
    if (isExact() && other.isExact()) {
      return exact(
          numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
          denominator.multiply(other.denominator));
    }
    return complex(
        real() + other.real(),
        im + other.im,
        Math.max(size(), other.size()),
        transcendental || other.transcendental);
  }

  Quantity times(Quantity other) {
    if (isExact() && other.isExact()) {
      return exact(numerator.multiply(other.numerator), denominator.multiply(other.denominator));
    }
    return complex(
        real() * other.real() - im * other.im,
        real() * other.im + im * other.real(),
        size() * other.size(),
        transcendental || other.transcendental);
  }

  Quantity inverse() {
    if (isExact()) {
      return exact(denominator, numerator);
    }
    if (isZero()) {
      throw new ArithmeticException("division by zero");
    }
    if (im == 0) {
      return complex(1 / re, 0, scale / (re * re), transcendental);
    }
    double square = re * re + im * im;
    return complex(re / square, -im / square, scale / square, transcendental);
  }

  Quantity power(Quantity exponent) {
    if (exponent.isExact()
        && exponent.denominator.equals(BigInteger.ONE)
        && exponent.numerator.abs().compareTo(BigInteger.valueOf(EXPONENT_MAX)) <= 0) {
      int n = exponent.numerator.intValue();
      Quantity result = fraction(1, 1);
      for (int i = 0; i < Math.abs(n); i++) {
        result = result.times(this);
      }
      return n < 0 ? result.inverse() : result;
    }
    if (exponent.isExact() ? exponent.equalsHalf() : exponent.re == 0.5 && exponent.im == 0) {
      return squareRoot();
    }
    if (real() == 0 && im == 0) {
      throw new ArithmeticException("a power of zero");
    }
    return logarithm().times(exponent).exponential();
  }

  Quantity squareRoot() {
    if (isExact() && numerator.signum() >= 0) {
      BigInteger top = numerator.sqrt();
      BigInteger bottom = denominator.sqrt();
      if (top.multiply(top).equals(numerator) && bottom.multiply(bottom).equals(denominator)) {
        return exact(top, bottom);
      }
    }
    double size = Math.hypot(real(), im);
    if (im == 0) {
      double root = Math.sqrt(Math.abs(real()));
      boolean known = root * root == Math.abs(real()) && !transcendental && !isExact();
      return real() >= 0 ? complex(root, 0, root, !known) : complex(0, root, root, true);
    }
    double angle = Math.atan2(im, real()) / 2;
    return complex(
        Math.sqrt(size) * Math.cos(angle),
        Math.sqrt(size) * Math.sin(angle),
        Math.sqrt(size()),
        true);
  }

  Quantity logarithm() {
    double size = Math.hypot(real(), im);
    if (size == 0) {
      throw new ArithmeticException("logarithm of zero");
    }
    return complex(Math.log(size), Math.atan2(im, real()), 1, true);
  }

  Quantity factorial() {
    boolean small =
        isExact()
            && denominator.equals(BigInteger.ONE)
            && numerator.signum() >= 0
            && numerator.compareTo(BigInteger.valueOf(FACTORIAL_MAX)) <= 0;
    if (!small) {
      throw new ArithmeticException("factorial of no small integer");
    }
    BigInteger product = BigInteger.ONE;
    for (int i = 2; i <= numerator.intValue(); i++) {
      product = product.multiply(BigInteger.valueOf(i));
    }
    return exact(product, BigInteger.ONE);
  }

  private Quantity exponential() {
    double size = Math.exp(real());
    return complex(size * Math.cos(im), size * Math.sin(im), size, true);
  }

  private boolean equalsHalf() {
    return numerator.equals(BigInteger.ONE) && denominator.equals(BigInteger.TWO);
  }

  private boolean isExact() {
    return denominator.signum() != 0;
  }

  private double real() {
    return isExact()
        ? new BigDecimal(numerator)
            .divide(new BigDecimal(denominator), new MathContext(40))
            .doubleValue()
        : re;
  }

  private double size() {
    return isExact() ? Math.abs(real()) : scale;
  }
}
