package krites.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Task;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CriticRewardTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "<think>a</think>\\boxed{1}|1|1.0",
        "<think>a</think>\\boxed{2}|1|0.1",
        "Sure. <think>a</think> \\boxed{1}|1|0.9",
        "<think>\\boxed{1}</think> done|1|0.9",
        "nothing|1|0.0",
        "<think>a</think>\\boxed{1|1|0.0",
        "<think>a</think> \\boxed{1} or \\boxed{2}|2|1.0",
        "< think >x< / think >\\boxed{}|2|0.1",
        "<think>a</think>\\boxed{Second}|second|1.0",
        "<think>a</think>\\boxed{\\text{b}}|B|1.0",
        "<think>a</think>\\boxed{}|second|0.1"
      })
  void criticRewardWeighsPreferenceAndFormat(String response, String label, double expected) {
    assertEquals(
        expected, new CriticReward().score(prompt(Task.CRITIC, label), response).overall(), 1e-12);
  }

  @Test
  void formatWeightOfOneRewardsTheFormatAlone() {
    CriticReward reward = new CriticReward(1);
    assertEquals(1, reward.score(prompt(Task.CRITIC, "1"), "<think>a</think>\\boxed{2}").overall());
    assertEquals(0, reward.score(prompt(Task.CRITIC, "1"), "\\boxed{1}").overall());
  }

  @ParameterizedTest
  @CsvSource({"Red,red,1.0", "\\text{RED},red,1.0", "blue,red,0.1", "7.0,7,1.0"})
  void policyAnswersAreGradedWithoutCase(String answer, String truth, double expected) {
    String response = "<think>a</think>\\boxed{" + answer + "}";
    assertEquals(
        expected, new CriticReward().score(prompt(Task.POLICY, truth), response).overall(), 1e-12);
  }

  @ParameterizedTest
  @CsvSource({
    "1.,FIRST",
    "1.0,FIRST",
    "\\text{1},FIRST",
    "(1),FIRST",
    "k=1,FIRST",
    "2,SECOND",
    "tie,TIE"
  })
  void verdictsReadAsTheReferenceGradesThem(String box, Label expected) {
    assertEquals(Optional.of(expected), VerdictReader.read(box));
  }

  @ParameterizedTest
  @CsvSource({"answer=2", "Response 1", "1 or 2", "'1,2'", "first", "A", "None", "''"})
  void whatTheReferenceGradesAsNeitherIsUnparsed(String box) {
    assertEquals(Optional.empty(), VerdictReader.read(box));
  }

  @Test
  void unknownLabelNamesThePrompt() {
    var error =
        assertThrows(
            IllegalArgumentException.class,
            () -> new CriticReward().score(prompt(Task.CRITIC, "3"), "\\boxed{1}"));
    assertTrue(error.getMessage().contains("p1"), error.getMessage());
    assertThrows(IllegalArgumentException.class, () -> new CriticReward(1.5));
  }

  private static Prompt prompt(Task task, String answer) {
    return new Prompt("p1", task, "Which?", List.of(), answer, Map.of());
  }
}
