package krites.reward;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** No input may run away in time or stack. */
final class BoundedCostTest {
  private static final String[] PIECES = {
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "<caption>",
    "</caption>",
    "\\boxed{",
    "{",
    "}",
    "\\frac",
    "\\sqrt",
    "\\text{",
    "\\left",
    "\\(",
    "\\[",
    "\\begin{pmatrix}",
    "\\end{pmatrix}",
    "&",
    "\\\\",
    "^",
    "_",
    "(",
    ")",
    "[",
    "]",
    "1",
    "23",
    "0.5",
    "1e9",
    ",",
    "000",
    "x",
    "y",
    "pi",
    "ln(",
    "sqrt(",
    "!",
    "*",
    "/",
    "-",
    "+",
    "=",
    " ",
    "\n",
    "\u00a0",
    "$",
    "Answer:",
    "second",
    "degrees",
    " or ",
    "\\!",
    "\\",
    "😀",
    "回",
    "9^9",
    "^-9",
    "'",
    "--",
    ".",
    "e"
  };
  private static final int TEXT_CHARS = 10_000;

  @Test
  void randomTextsAreScoredWithinASmallStack() throws InterruptedException {
    inSmallStack(
        () -> {
          for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            scoreAll(
                randomText(random, 1 + random.nextInt(24)),
                randomText(random, 1 + random.nextInt(8)),
                "seed " + seed);
          }
        });
  }

  @Test
  void longRepeatedPiecesAreScoredWithinASmallStack() throws InterruptedException {
    inSmallStack(
        () -> {
          for (String piece : PIECES) {
            String text = piece.repeat(TEXT_CHARS / piece.length());
            scoreAll("<think></think>\\boxed{" + text + "}", "2", piece);
            scoreAll(text, text + "1", piece);
          }
        });
  }

  @Test
  void everyPatternReadsALongTextOnlyAFewTimes() throws ReflectiveOperationException {
    List<Pattern> patterns = new ArrayList<>();
    for (Class<?> owner :
        List.of(
            PythonText.class,
            MathNormalForm.class,
            AnswerNormalForm.class,
            AnswerGrader.class,
            Algebra.class,
            ExpressionParser.class,
            DapoNormalForm.class)) {
      for (Field field : owner.getDeclaredFields()) {
        field.setAccessible(true);
        if (field.getType() == Pattern.class) {
          patterns.add((Pattern) field.get(null));
        } else if (field.getName().equals("UNITS")) {
          ((List<?>) field.get(null)).forEach(unit -> patterns.add((Pattern) unit));
        }
      }
    }
    assertTrue(patterns.size() > 20, "patterns found: " + patterns.size());
    for (Pattern pattern : patterns) {
      for (String piece : "1|0|-| |^|^ |^1|1 |1,|/0|,\\!|second|(|_|x".split("\\|")) {
        CountingText text = new CountingText(piece.repeat(TEXT_CHARS / piece.length()) + "?");
        var matcher = pattern.matcher(text);
        while (matcher.find()) {
          continue;
        }
        assertTrue(text.reads < 60L * TEXT_CHARS, pattern + " on " + piece + " read " + text.reads);
      }
    }
  }

  private static void scoreAll(String response, String truth, String place) {
    try {
      new MathReward(0.1).score(response, truth);
      new CaptionReward(0.1).score(response, truth);
      new R1vReward(0.5).score(response, truth);
      new DapoReward(100, 20, 1).score(response, truth, 90);
      AnswerGrader.grade(response, truth);
    } catch (RuntimeException | StackOverflowError e) {
      throw new AssertionError(place, e);
    }
  }

  private static String randomText(Random random, int pieces) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < pieces; i++) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }

  private static void inSmallStack(Runnable work) throws InterruptedException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread thread = new Thread(null, work, "small-stack", 512 * 1024);
    thread.setUncaughtExceptionHandler((_, error) -> failure.set(error));
    thread.start();
    thread.join();
    assertNull(failure.get(), () -> String.valueOf(failure.get()));
  }

  /** Counts how often its characters are read. */
  private static final class CountingText implements CharSequence {
    private final String text;
    private long reads;

    CountingText(String text) {
      this.text = text;
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      reads++;
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
