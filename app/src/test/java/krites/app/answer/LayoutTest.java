package krites.app.answer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a judge is shown of a response. */
final class LayoutTest {
  @ParameterizedTest
  @CsvSource({
    "<think>a</think>\\boxed{red},red",
    "<think>a</think>It is \\boxed{red}.,It is \\boxed{red}.",
    "<think>never ends \\boxed{red},red",
    "<think>never ends,<think>never ends",
    "<think>a \\boxed{red}</think>,<think>a \\boxed{red}</think>",
    "plain,plain",
    "so \\boxed{red},so \\boxed{red}"
  })
  void theAnswerIsShownWithoutItsThinking(String text, String shown) {
    assertEquals(shown, Layout.of(text).answer(text));
  }
}
