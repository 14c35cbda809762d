package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ParameterShardsTest {
  @Test
  void aTensorIsCutAtAWholeBlock() {
    ParameterShards shards = ParameterShards.of(List.of(1000L, 24L), 2);
    assertEquals(List.of(new ParameterShards.Slice(0, 0, 512)), shards.of(0));
    assertEquals(
        List.of(new ParameterShards.Slice(0, 512, 488), new ParameterShards.Slice(1, 0, 24)),
        shards.of(1));
    assertEquals(2, shards.owners(0).size());
    assertEquals(1, shards.owners(1).getFirst().member());
  }

  @Test
  void everyValueHasOneOwnerAndShardsAreAlike() {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      List<Long> sizes = new ArrayList<>();
      int tensors = 1 + random.nextInt(8);
      for (int i = 0; i < tensors; i++) {
        sizes.add((long) (1 + random.nextInt(random.nextBoolean() ? 300 : 20_000)));
      }
      int members = 1 + random.nextInt(6);
      ParameterShards shards = ParameterShards.of(sizes, members);
      long all = sizes.stream().mapToLong(Long::longValue).sum();
      for (int tensor = 0; tensor < tensors; tensor++) {
        long next = 0;
        for (ParameterShards.Owned owned : shards.owners(tensor)) {
          assertEquals(next, owned.slice().start(), "seed " + seed);
          assertEquals(0, owned.slice().start() % MomentCodes.BLOCK, "seed " + seed);
          next += owned.slice().count();
        }
        assertEquals(sizes.get(tensor), next, "seed " + seed);
      }
      for (int member = 0; member < members; member++) {
        long own = shards.of(member).stream().mapToLong(ParameterShards.Slice::count).sum();
        assertTrue(
            Math.abs(own - all / members) <= MomentCodes.BLOCK + 1,
            "seed " + seed + ": " + own + " of " + all + " for one of " + members);
      }
    }
  }

  @Test
  void partsOfAllMembersTravelInTurns() {
    ParameterShards shards = ParameterShards.of(List.of(2048L, 2048L), 2);
    List<ParameterShards.Owned> parts = shards.parts(new boolean[] {true, true}, 1024);
    assertEquals(List.of(0, 1, 0, 1), parts.stream().map(ParameterShards.Owned::member).toList());
    assertEquals(
        new ParameterShards.Slice(1, 1024, 1024),
        parts.getLast().slice(),
        "the last of the second");
    assertEquals(2, shards.parts(new boolean[] {false, true}, 1024).size());
  }
}
