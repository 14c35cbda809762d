package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import krites.grpo.flow.WaitGraph.Diagnosis;
import org.junit.jupiter.api.Test;

final class WaitGraphTest {
  private static final Wait BATCH = new Wait("learner", "orchestrator", "the batch of step 7", 40);
  private static final Wait REWARD = new Wait("orchestrator", "reward-0", "rewards of group 9", 38);
  private static final Wait ITSELF = new Wait("reward-0", "reward-0", "group 9", 38);

  @Test
  void aChainEndsAtWhoWaitsForNobodyElse() {
    Diagnosis found = from("learner", BATCH, REWARD, ITSELF);
    assertEquals("reward-0", found.culprit());
    assertEquals(List.of(BATCH, REWARD, ITSELF), found.chain());
    assertFalse(found.circle());
    assertEquals(
        "learner waits for the batch of step 7 from orchestrator since 40.0 s;"
            + " orchestrator waits for rewards of group 9 from reward-0 since 38.0 s;"
            + " reward-0 is busy with group 9 since 38.0 s; it comes down to reward-0",
        found.toString());
  }

  @Test
  void whoeverSaysNothingIsTheCulpritToo() {
    assertEquals("orchestrator", from("learner", BATCH).culprit());
    assertEquals(new Diagnosis("reward-0", List.of(ITSELF), false), from("reward-0", ITSELF));
  }

  @Test
  void theLongestWaitIsFollowedAndAWaitForOthersBeforeOnesOwnWork() {
    Wait shorter = new Wait("orchestrator", "worker-1", "group 10", 5);
    Wait own = new Wait("orchestrator", "orchestrator", "the journal", 99);
    assertEquals("reward-0", from("learner", own, shorter, BATCH, REWARD).culprit());
    assertEquals("orchestrator", from("learner", own, BATCH).culprit());
  }

  @Test
  void aCircleIsNamedAsOneAndEndsTheSearch() {
    Wait back = new Wait("reward-0", "orchestrator", "room in the queue", 37);
    Diagnosis found = from("learner", BATCH, REWARD, back);
    assertTrue(found.circle());
    assertEquals("orchestrator", found.culprit());
    assertEquals(List.of(BATCH, REWARD, back), found.chain());
    assertTrue(found.toString().endsWith("they wait for each other in a circle"));
  }

  @Test
  void whoeverWaitsForNothingHasNoDiagnosis() {
    assertEquals(Optional.empty(), new WaitGraph(List.of(BATCH)).from("worker-1"));
    assertEquals(Optional.empty(), new WaitGraph(List.of()).from("learner"));
  }

  private static Diagnosis from(String who, Wait... waits) {
    return new WaitGraph(List.of(waits)).from(who).orElseThrow();
  }
}
