package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import krites.grpo.Sampling;
import krites.grpo.flow.FlowLimits;
import org.junit.jupiter.api.Test;

final class MemoryBoundTest {
  @Test
  void groupsTimesTheLargestGroup() {
    FlowLimits limits = new FlowLimits(100, 16, 2, 5, 20, 3);
    MemoryBound bound = MemoryBound.of(limits, new Sampling(8, 1f, 1f, 0, 1f, 1000));
    assertEquals(3 * 16 + 5, bound.groups());
    assertEquals(53L * 8 * (512 + 1000 * 24), bound.bytes());
    assertEquals(
        "at most 53 groups are in flight, with 10.4 MB of responses; at most 10000 journal entries"
            + " wait for the disk",
        bound.toString());
  }

  @Test
  void aShortRunNeedsNoMoreThanItsSteps() {
    FlowLimits limits = FlowLimits.of(2, 4, 7);
    assertEquals(8, MemoryBound.of(limits, new Sampling(4, 1f, 1f, 0, 1f, 12)).groups());
  }
}
