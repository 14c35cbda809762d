package krites.reward;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Verdicts of SymPy 1.14 on {@code simplify((truth)-(given)) == 0}, read with implicit
 * multiplication.
 */
final class AlgebraTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2sqrt(2)|sqrt(8)",
        "0.2x|x/5",
        "ln(8)|3ln(2)",
        "x2|2x",
        "x2^2|4x",
        "2^x|2^x+0",
        "2.5sqrt(2)|5/2sqrt(2)",
        "1.5|3/2",
        "6.28|2*3.14",
        "0.75|3/4",
        "1/(x-1)-1/(x+1)|2/(x^2-1)",
        "sqrt(3)/3|1/sqrt(3)",
        "1/(1+sqrt(2))|sqrt(2)-1",
        "sqrt(5+2sqrt(6))|sqrt(2)+sqrt(3)",
        "x^-1|1/x",
        "xx|x^2",
        "2(3)x|6x",
        "(x)(y)|xy",
        "1/2x|x/2",
        "x_1|x_1+0",
        "-x|-1x",
        "dad|add",
        "no|on",
        "3.50|3.5",
        "2e|e2",
        "2.5e3x|2500x",
        "8^1/3|8/3",
        "4^.5|2.0",
        "2^-1|1/2",
        "sqrt(-4)|2sqrt(-1)",
        "x/y/2|x/(2y)",
        "sqrt(4)x|2x",
        "abab|a^2b^2",
        "3x|3.0x",
        "x^y|x^y*1",
        "(x^2-1)/(x-1)|x+1",
        "x^2-y^2|(x-y)(x+y)",
        "1.x|x",
        "5!|120.0",
        "pi/2|0.5pi"
      })
  void equalExpressionsAreFoundEqual(String truth, String given) {
    assertTrue(Algebra.equal(truth, given));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sqrt(2)|1.4142135623730951",
        "pi|3.14159265358979",
        "0.1+0.2|0.3",
        "1/3|0.333333333333333",
        "1/3|0.3333333333333333",
        "sqrt2|sqrt(2)",
        "ln2|ln(2)",
        "sqrt(x)sqrt(y)|sqrt(xy)",
        "sqrt(x^2)|x",
        "1/0|1/0",
        "oo|oo",
        "pi^2|pipi",
        "x_1|x1",
        "is|si",
        "re|er",
        "id|di",
        "x,y|y,x",
        "x.y|y.x",
        "sqrt(x|x",
        "2*|2",
        "1/3x|0.3333x",
        "sqrt((x+1)^2)|x+1",
        "1=1|1=1",
        "9^9^9|1",
        "abc|bca",
        "2^10|1024",
        "x'|x'",
        "x.|x"
      })
  void whatTheReferenceDoesNotFindEqualIsNot(String truth, String given) {
    assertFalse(Algebra.equal(truth, given));
  }
}
