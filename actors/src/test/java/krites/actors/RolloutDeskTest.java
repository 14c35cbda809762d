package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.Sampling;
import krites.grpo.port.GroupRequest;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;

/** Room, resending and silence, in a time that the test makes. */
final class RolloutDeskTest {
  private static final String A = "rollout-0";
  private static final String B = "rollout-1";
  private static final long RESEND = 5;

  private final TestInbox<RolloutWorker.Command> a = TestInbox.create();
  private final TestInbox<RolloutWorker.Command> b = TestInbox.create();
  private final RolloutDesk desk = new RolloutDesk(RESEND);

  RolloutDeskTest() {
    desk.join(A, RolloutWorker.Duty.TRAINING, 2, 8, a.getRef(), 0);
    desk.join(B, RolloutWorker.Duty.TRAINING, 3, 12, b.getRef(), 0);
  }

  @Test
  void aWorkerIsFullWithItsCapacityOfGroupsOrOfEvalGroupsOrAMixture() {
    desk.leave(B);
    desk.assign(A, false, generate(1), 0);
    for (long id = -4; id < 0; id++) {
      assertEquals(Optional.of(A), desk.freest(true, worker -> true));
      desk.assign(A, true, generate(id), 0);
    }
    assertEquals(Optional.empty(), desk.freest(true, worker -> true));
    assertEquals(Optional.empty(), desk.freest(false, worker -> true));
    assertThrows(IllegalStateException.class, () -> desk.assign(A, true, generate(-9), 0));
    assertTrue(desk.release(A, 1, 0));
    assertEquals(Optional.of(A), desk.freest(false, worker -> true));
    assertFalse(desk.release(A, 1, 0), "twice");
  }

  @Test
  void theWorkerWithTheMostRoomIsNextAndTheFirstByNameAmongEquals() {
    assertEquals(Optional.of(B), desk.freest(false, worker -> true));
    desk.assign(B, false, generate(1), 0);
    desk.assign(B, false, generate(2), 0);
    assertEquals(Optional.of(A), desk.freest(false, worker -> true));
    assertEquals(Optional.of(B), desk.freest(false, worker -> !worker.equals(A)));
    assertEquals(Optional.of(A), desk.idle(worker -> true));
    assertEquals(Optional.empty(), desk.idle(worker -> !worker.equals(A)));
    assertEquals(Optional.of(B), desk.emptiest(worker -> !worker.equals(A)));
  }

  @Test
  void aGroupThatNeverArrivedIsSentAgainAndOneThatNobodyWaitsForIsCalledOff() {
    desk.assign(A, false, generate(1), 0);
    desk.report(report(A, 0, List.of()), RESEND - 1); // it may still be on its way
    assertEquals(List.of(generate(1)), a.getAllReceived());
    desk.report(report(A, 0, List.of(7L)), RESEND);
    assertEquals(List.of(generate(1), new RolloutWorker.Cancel(7)), a.getAllReceived());
    desk.report(report(A, 0, List.of()), RESEND + 1); // sent a moment ago
    assertEquals(List.of(), a.getAllReceived());
    desk.report(report(A, 0, List.of(1L)), 9 * RESEND);
    assertEquals(List.of(), a.getAllReceived());
  }

  @Test
  void aGroupThatRunsAloneKeepsItsWorkerForItself() {
    desk.assignAlone(B, false, generate(1), 0);
    assertEquals(Optional.of(A), desk.freest(false, worker -> true));
    assertEquals(Optional.of(A), desk.emptiest(worker -> true));
    assertEquals(Optional.empty(), desk.freest(true, worker -> worker.equals(B)));
    desk.release(B, 1, 0);
    assertEquals(Optional.of(B), desk.freest(false, worker -> true));
  }

  @Test
  void aWorkerThatLeavesGetsNothingAndIsToldUntilItIsGone() {
    desk.assign(A, false, generate(1), 0);
    a.getAllReceived();
    assertTrue(desk.drain(A));
    assertEquals(List.of(new RolloutWorker.Drain()), a.getAllReceived());
    assertEquals(Optional.empty(), desk.freest(false, worker -> worker.equals(A)));
    desk.report(report(A, 0, List.of(1L)), 1);
    assertEquals(List.of(new RolloutWorker.Drain()), a.getAllReceived());
    assertEquals(List.of(1L), desk.leave(A));
    assertFalse(desk.knows(A));
    assertEquals(List.of(), desk.leave(A), "twice");
  }

  @Test
  void aWorkerThatIsToldToGoBeforeItCameIsNotTakenIn() {
    assertFalse(desk.drain("rollout-2"));
    TestInbox<RolloutWorker.Command> late = TestInbox.create();
    assertFalse(desk.join("rollout-2", RolloutWorker.Duty.TRAINING, 2, 8, late.getRef(), 0));
    assertFalse(desk.knows("rollout-2"));
  }

  @Test
  void aDoubledAnnouncementChangesNothing() {
    desk.assign(A, false, generate(1), 0);
    assertFalse(desk.join(A, RolloutWorker.Duty.TRAINING, 2, 8, a.getRef(), 1));
    assertEquals(Optional.of(generate(1)), desk.request(A, 1));
    assertEquals(Optional.of(7L), desk.heldNanos(A, 1, 7));
  }

  @Test
  void aWorkerIsStuckWhenNothingMovesThatIsExpectedToMove() {
    desk.report(report(A, 0, List.of()), 90);
    assertEquals(List.of(), desk.stuck(10, 100), "nobody expects anything");
    desk.assign(A, false, generate(1), 100);
    assertFalse(desk.isStuck(A, 10, 109));
    assertTrue(desk.isStuck(A, 10, 110));
    assertFalse(desk.report(report(A, 0, List.of(1L)), 110), "no counter rose");
    assertTrue(desk.isStuck(A, 10, 110), "to report is no progress");
    assertTrue(desk.report(report(A, 1, List.of(1L)), 111));
    assertFalse(desk.isStuck(A, 10, 111));
    assertEquals(Map.of(), desk.slow(20, 120));
    assertEquals(Map.of(A, List.of(1L)), desk.slow(20, 121));
  }

  @Test
  void aWorkerThatHangsIsNotYoungAgainWithEachGroupThatIsCalledOff() {
    for (long id = 1; id <= 5; id++) {
      desk.assign(A, false, generate(id), id);
      desk.cancel(id, List.of(A), id);
    }
    assertTrue(desk.isStuck(A, 10, 11), "since the first group");
    assertTrue(desk.stuck(10, 11).getFirst().owesSign());
    desk.report(report(A, 0, List.of()), 12);
    assertFalse(desk.isStuck(A, 10, 100), "it is there, and nothing is expected of it");
  }

  private static Orchestrator.WorkerReport report(String worker, double steps, List<Long> held) {
    return new Orchestrator.WorkerReport(
        worker, Optional.empty(), held, Map.of("steps", steps), WorkerWait.ENGINE);
  }

  private static RolloutWorker.Generate generate(long id) {
    return new RolloutWorker.Generate(
        GroupRequest.whole(
            id, World.prompts("train", 50).prompt(1), new Sampling(4, 1f, 1f, 0, 1f, 12), id),
        World.FIRST);
  }
}
