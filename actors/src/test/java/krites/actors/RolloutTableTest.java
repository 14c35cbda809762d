package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.Task;
import krites.grpo.port.GroupRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class RolloutTableTest {
  private static final TestSystem SYSTEM = TestSystem.start();

  private final RolloutTable table = new RolloutTable();

  @AfterAll
  static void stop() {
    SYSTEM.stop();
  }

  @Test
  void groupsGoToTheWorkerWithTheMostRoomAndToTheFirstByNameAmongEquals() {
    table.join("b", 2, 2, SYSTEM.ref());
    table.join("a", 2, 2, SYSTEM.ref());
    assertEquals(Optional.of("a"), table.freest(false));
    assign("a", false, 1);
    assertEquals(Optional.of("b"), table.freest(false));
  }

  @Test
  void aWorkerIsFullWithItsCapacityOfEitherKindAndWithAnyMixtureOfThatWeight() {
    table.join("a", 2, 16, SYSTEM.ref());
    assign("a", false, 1);
    for (long id = -1; id >= -8; id--) {
      assign("a", true, id);
    }
    assertEquals(Optional.empty(), table.freest(true));
    assertThrows(IllegalStateException.class, () -> assign("a", true, -9));
    assertTrue(table.release("a", -3));
    assertEquals(Optional.of("a"), table.freest(true));
    assertEquals(Optional.empty(), table.freest(false));
  }

  @Test
  void aGroupIsReleasedOnceAndOnlyByTheWorkerThatHoldsIt() {
    table.join("a", 2, 2, SYSTEM.ref());
    table.join("b", 2, 2, SYSTEM.ref());
    assign("a", false, 1);
    assertFalse(table.release("b", 1));
    assertTrue(table.release("a", 1));
    assertFalse(table.release("a", 1));
  }

  @Test
  void aWorkerThatLeavesNamesTheGroupsThatItHeld() {
    table.join("a", 2, 2, SYSTEM.ref());
    assign("a", false, 2);
    assign("a", false, 1);
    assertEquals(List.of(1L, 2L), table.leave("a"));
    assertEquals(List.of(), table.leave("a"));
    assertFalse(table.release("a", 1));
  }

  private void assign(String worker, boolean eval, long id) {
    Prompt prompt = new Prompt("p", Task.CRITIC, "text", List.of(), "1", Map.of());
    var request = GroupRequest.whole(id, prompt, Sampling.greedy(4), 1);
    table.assign(worker, eval, new RolloutWorker.Generate(request, new PolicyVersion(0, 0)));
  }
}
