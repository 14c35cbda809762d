package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import org.junit.jupiter.api.Test;

final class ReplayPlanTest {
  private static final FlowLimits LIMITS = FlowLimits.of(100, 1, 1);

  private final List<LedgerEvent> journal = new ArrayList<>();

  @Test
  void stepsThatAResumeUndidAreLeftOut() {
    start();
    step(1, 0);
    step(2, 0);
    step(3, 0);
    resume(1, 1);
    step(2, 1);

    ReplayPlan plan = ReplayPlan.of(journal);

    assertEquals(List.of("1 v1", "2 v2/t1"), shown(plan));
    assertEquals(List.of(version(0, 0), version(1, 1)), starts(plan));
    assertEquals(Optional.of("digest of v1"), plan.parts().get(0).steps().getFirst().digest());
    assertEquals(Optional.of("digest of v1"), plan.parts().get(1).digest());
  }

  @Test
  void aTermThatTrainedNothingLeavesNoPart() {
    start();
    step(1, 0);
    resume(1, 1);
    resume(1, 2);
    step(2, 2);

    assertEquals(List.of(version(0, 0), version(2, 1)), starts(ReplayPlan.of(journal)));
  }

  @Test
  void aRunThatBeganAgainIsReplayedFromTheStartModelUnderItsLastTerm() {
    start();
    step(1, 0);
    resume(0, 1);
    step(1, 1);

    ReplayPlan plan = ReplayPlan.of(journal);

    assertEquals(List.of(version(1, 0)), starts(plan));
    assertEquals(List.of("1 v1/t1"), shown(plan));
  }

  @Test
  void aBatchWithoutItsStepIsNoStep() {
    start();
    journal.add(new BatchTaken(1, version(0, 0), List.of(1L)));

    assertEquals(List.of(), ReplayPlan.of(journal).steps());
  }

  @Test
  void aStepBeforeItsAnnouncementHasNoDigest() {
    start();
    journal.add(new BatchTaken(1, version(0, 0), List.of(1L)));
    journal.add(new StepTrained(1, version(0, 1)));

    assertEquals(Optional.empty(), ReplayPlan.of(journal).steps().getFirst().digest());
  }

  @Test
  void aPlanCanEndEarlier() {
    start();
    step(1, 0);
    step(2, 0);
    resume(2, 1);
    step(3, 1);

    assertEquals(List.of("1 v1"), shown(ReplayPlan.of(journal).upTo(1)));
    assertEquals(List.of(version(0, 0)), starts(ReplayPlan.of(journal).upTo(1)));
    assertEquals(1, ReplayPlan.of(journal).upTo(0).parts().size());
  }

  @Test
  void aJournalThatCannotBeTrueIsRefused() {
    assertTrouble("the journal has no beginning");
    start();
    journal.add(new StepTrained(1, version(0, 1)));
    assertTrouble("step 1 was trained after step 0 without its batch");
    journal.removeLast();
    resume(3, 1);
    assertTrouble("the run went on after step 3, but the journal has no such step");
  }

  /** Whatever was undone how often: the plan is 1, 2, 3, ..., each step the last of its number. */
  @Test
  void thePlanIsTheLastWordOnEachStep() {
    for (long seed = 0; seed < 500; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      journal.clear();
      start();
      List<String> surviving = new ArrayList<>();
      long term = 0;
      for (int i = 0; i < 60; i++) {
        if (random.nextInt(8) == 0) {
          int kept = random.nextInt(surviving.size() + 1);
          resume(kept, ++term);
          surviving.subList(kept, surviving.size()).clear();
        } else {
          long step = surviving.size() + 1;
          step(step, term);
          surviving.add(step + " " + version(term, step));
        }
      }

      ReplayPlan plan = ReplayPlan.of(journal);

      assertEquals(surviving, shown(plan), "seed " + seed);
      assertEquals(plan.steps(), plan.upTo(surviving.size()).steps(), "seed " + seed);
    }
  }

  private void start() {
    journal.add(new RunStarted(1, 10, PromptMix.NONE, LIMITS, version(0, 0)));
    journal.add(new VersionPublished(version(0, 0), "digest of v0"));
  }

  private void step(long step, long term) {
    journal.add(new BatchTaken(step, version(term, step - 1), List.of(step)));
    journal.add(new StepTrained(step, version(term, step)));
    journal.add(new VersionPublished(version(term, step), "digest of v" + step));
  }

  private void resume(long step, long term) {
    journal.add(new RunResumed(step, version(term, step), LIMITS));
    journal.add(new VersionPublished(version(term, step), "digest of v" + step));
  }

  private void assertTrouble(String message) {
    assertEquals(
        message,
        assertThrows(IllegalArgumentException.class, () -> ReplayPlan.of(journal)).getMessage());
  }

  private static List<String> shown(ReplayPlan plan) {
    return plan.steps().stream().map(step -> step.step() + " " + step.version()).toList();
  }

  private static List<PolicyVersion> starts(ReplayPlan plan) {
    return plan.parts().stream().map(ReplayPlan.Part::start).toList();
  }

  private static PolicyVersion version(long term, long number) {
    return new PolicyVersion(term, number);
  }
}
