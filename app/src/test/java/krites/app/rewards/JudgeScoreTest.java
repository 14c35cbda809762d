package krites.app.rewards;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class JudgeScoreTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Score: 7|7",
        "7.5|7.5",
        "  10 |10",
        "It is fine.  score = 3/10|3",
        "**Score:** 8|8",
        "**Score**: **8**|8",
        "Score (0-10): 6|6",
        "Score: 1. But then, Score: 9.|9",
        "Score: -2|-2",
        "Score: 1e9|1",
        "a score of 7|",
        "Scored: 7|",
        "underscore: 7|",
        "Score:|",
        "7 of 10|",
        "''|"
      })
  void theLastScoreCounts(String answer, Double score) {
    assertEquals(
        score == null ? OptionalDouble.empty() : OptionalDouble.of(score), JudgeScore.of(answer));
  }

  @Test
  void aHostileAnswerIsReadInLinearTime() {
    String spaces = "score" + " ".repeat(500_000);
    String stars = "score*".repeat(100_000) + "*".repeat(400_000);
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          assertEquals(OptionalDouble.empty(), JudgeScore.of(spaces + "("));
          assertEquals(OptionalDouble.empty(), JudgeScore.of(stars));
        });
  }
}
