package krites.reward.published;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BenchmarkAnswerTest {
  @ParameterizedTest
  @CsvSource({
    "'a <think>x</think> b <think>y</think> c','a  b  c'",
    "'a</think>b</think> c','c'",
    "'<think>x</think>b</think> c','c'",
    "'a <think>never closed','a <think>never closed'",
    "'</think> a <think> b','</think> a <think> b'",
    "'<thinking>x</thinking>\u3000yes','yes'",
    "'<th<think>x</think>ink>y</think>z','z'",
    "'<THINK>x</THINK>','<THINK>x</THINK>'",
    "'<think><think>x</think>y</think>z','z'"
  })
  void reasoningGoes(String text, String expected) {
    assertEquals(expected, BenchmarkAnswer.withoutReasoning(text));
  }

  @Test
  void tagsCanBeNamed() {
    assertEquals(
        "<think>a</think>",
        BenchmarkAnswer.withoutReasoning("<think>a</think><r>b</r>", List.of("r")));
  }

  /** Searching from the start after each block would take hours here. */
  @Test
  void manyBlocksAreOnePass() {
    assertEquals("", BenchmarkAnswer.withoutReasoning("<think></think>".repeat(400_000)));
  }

  @Test
  void aPatternGivesItsFirstGroupThatHoldsSomething() {
    assertEquals(Optional.of("B"), extract("\\((A)\\)|\\((B)\\)", "is (B) or (A)"));
    assertEquals(Optional.of("7"), extract("\\s\\d ", "x 7 8 "));
    assertEquals(Optional.of(""), extract("x(\\d)?", "x"));
    assertEquals(Optional.empty(), extract("(\\d)", "x"));
  }

  private static Optional<String> extract(String pattern, String text) {
    return BenchmarkAnswer.extract(Pattern.compile(pattern), text);
  }
}
