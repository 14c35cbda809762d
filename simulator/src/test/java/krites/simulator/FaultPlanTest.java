package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FaultPlanTest {
  @Test
  void ratesAndDurationsHaveUnits() {
    FaultPlan plan =
        FaultPlan.parse(
            "rollout-crash=0.6/min, reward-error=0.01,pause=3/h:20s,message-delay=0.5:250ms,");

    assertEquals(
        Map.of(
            FaultKind.ROLLOUT_CRASH, new FaultPlan.Fault(0.01, 10),
            FaultKind.REWARD_ERROR, new FaultPlan.Fault(0.01, 0),
            FaultKind.PAUSE, new FaultPlan.Fault(3 / 3600.0, 20),
            FaultKind.MESSAGE_DELAY, new FaultPlan.Fault(0.5, 0.25)),
        plan.faults());
  }

  @Test
  void whatIsWrittenCanBeReadAgain() {
    FaultPlan plan = FaultPlan.parse("pause=0.5/min:20s,poison=0.25,run-crash=0.25/s:2min");

    assertEquals(plan, FaultPlan.parse(plan.text()));
    assertEquals("none", FaultPlan.parse("").text());
    assertEquals(FaultPlan.NONE, FaultPlan.parse("pause=0/min"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          pause | fault 'pause': expected name=rate
          =1/min | fault '=1/min': expected name=rate
          pause=1 | fault 'pause=1': expected a rate in time, such as 0.02/min (units: s, min, h)
          pause=1/day | fault 'pause=1/day': expected a rate in time, such as 0.02/min (units: s, min, h)
          pause=-1/min | fault 'pause=-1/min': expected a rate of at least 0, such as 0.02/min
          pause=often/min | fault 'pause=often/min': 'often' is not a number
          pause=1/min:20 | fault 'pause=1/min:20': expected a duration above 0, such as 20s (units: ms, s, min, h)
          pause=1/min:0s | fault 'pause=1/min:0s': expected a duration above 0, such as 20s (units: ms, s, min, h)
          message-loss=1.5 | fault 'message-loss=1.5': expected a share from 0 to 1, such as 0.01
          message-loss=0.1/min | fault 'message-loss=0.1/min': '0.1/min' is not a number
          message-loss=0.1:2s | fault 'message-loss=0.1:2s': message-loss has no duration
          poison=0.1,poison=0.2 | fault 'poison=0.2': poison is named twice
          """)
  void whatCannotBeReadIsNamed(String text, String message) {
    assertEquals(
        message,
        assertThrows(IllegalArgumentException.class, () -> FaultPlan.parse(text)).getMessage());
  }

  @Test
  void anUnknownNameListsTheKnownOnes() {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> FaultPlan.parse("pause=1/h,rolout-crash=1/h"))
            .getMessage();

    assertEquals(
        "fault 'rolout-crash=1/h': no fault is named rolout-crash; there are rollout-crash, reward-crash,"
            + " learner-crash, run-crash, rollout-hang, pause, partition, slow-disk, message-loss,"
            + " message-duplicate, message-delay, reward-error, reward-block, poison, prompt-error,"
            + " checkpoint-error",
        message);
  }
}
