package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.grpo.port.PromptSource;
import org.junit.jupiter.api.Test;

/** Found by simulation: a held-out prompt that kills workers, and answers of an earlier round. */
final class EvalRoundTest {
  private final EvalRound round = round(0);

  private static EvalRound round(long before) {
    EvalSet set = new EvalSet(new TwoPrompts(), 2);
    return new EvalRound(3, new PolicyVersion(0, 3), Map.of("critic", set), before, 3);
  }

  @Test
  void aPromptUnderWhichWorkersDieIsGivenUp() {
    long id = round.next().orElseThrow().groupId();

    assertFalse(round.lost(id));
    assertFalse(round.isNextSuspect());
    assertEquals(id, round.next().orElseThrow().groupId());
    assertFalse(round.lost(id));
    assertTrue(round.isNextSuspect(), "before its last chance it has to run alone");
    assertEquals(id, round.next().orElseThrow().groupId());
    assertTrue(round.lost(id));

    assertEquals(1, round.remaining());
    assertEquals(1, round.records(1).getFirst().failed());
  }

  @Test
  void aWorkerThatLeavesInOrderCostsNoLife() {
    long id = round.next().orElseThrow().groupId();
    for (int i = 0; i < 9; i++) {
      round.giveBack(id);
      assertEquals(Optional.of(id), round.next().map(EvalRound.Item::groupId));
    }

    assertEquals(2, round.remaining());
  }

  @Test
  void noNumberIsUsedInTwoRounds() {
    assertEquals(-2, round.lowest());
    assertEquals(-3, round(round.lowest()).next().orElseThrow().groupId());
  }

  private static final class TwoPrompts implements PromptSource {
    @Override
    public long size() {
      return 2;
    }

    @Override
    public Prompt prompt(long index) {
      return new Prompt("p", Task.CRITIC, "Which?", List.of(), "1", Map.of());
    }
  }
}
