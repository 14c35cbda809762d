package krites.actors;

import static krites.actors.WholeRunTest.completed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.PromptTicket;
import krites.grpo.record.RunSummary;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The learner is killed at every point between the end of a step, its publication, its checkpoint
 * and the entry in the journal. The run goes back to its last checkpoint; no group is twice in the
 * weights that survive, and no prompt is lost.
 */
final class CrashPointTest {
  private static final int SEEDS = 20;
  private static final int STEPS = 6;
  private static final int GROUPS = 2;

  /** Where it dies; the step is drawn. */
  enum Point {
    IN_A_STEP,
    BEFORE_PUBLISH,
    PUBLISHED_BUT_NOT_TOLD,
    TOLD,
    BEFORE_SAVE,
    SAVED_BUT_NOT_TOLD
  }

  @ParameterizedTest
  @EnumSource
  void noGroupIsTwiceInTheSurvivingWeightsAndNoPromptIsLost(Point point) throws Exception {
    World straight = world(0);
    completed(straight.run());
    for (long seed = 0; seed < SEEDS; seed++) {
      int staleness = (int) (seed % 2);
      World world = world(staleness);
      world.recovery = Optional.of(world::fromLastCheckpoint);
      AtomicBoolean died = new AtomicBoolean();
      kill(world, point, new Random(seed), died);

      RunSummary summary = completed(world.run());

      String which = point + ", seed " + seed;
      assertTrue(died.get(), which);
      assertEquals(1, summary.version().term(), which);
      closes(world, summary, which);
      if (staleness == 0) {
        assertEquals(straight.lastSaved().weights(), world.lastSaved().weights(), which);
      }
    }
  }

  private static World world(int staleness) {
    World world = new World();
    world.serializes = false; // for speed: every other test does
    world.steps = STEPS;
    world.groupsPerStep = GROUPS;
    world.maxStaleness = staleness;
    world.checkpointEvery = 2;
    world.rolloutWorkers = 2;
    world.rewardWorkers = 1;
    return world;
  }

  private static void kill(World world, Point point, Random random, AtomicBoolean died) {
    int step = 4 + random.nextInt(STEPS - 3); // there is a checkpoint to go back to by then
    int saved = random.nextBoolean() ? 4 : STEPS;
    int piece = random.nextInt(3);
    switch (point) {
      case IN_A_STEP -> {
        int[] pieces = {0};
        world.beforeEachPiece =
            at -> {
              if (at == step && pieces[0]++ == piece) {
                die(died, point);
              }
            };
      }
      case BEFORE_PUBLISH -> world.beforePublish = once(step, died, point);
      case PUBLISHED_BUT_NOT_TOLD -> world.afterPublish = once(step, died, point);
      case TOLD -> world.beforeEachPiece = once(step, died, point);
      case BEFORE_SAVE -> world.beforeSave = once(saved, died, point);
      case SAVED_BUT_NOT_TOLD -> world.afterSave = once(saved, died, point);
    }
  }

  private static LongConsumer once(long when, AtomicBoolean died, Point point) {
    return at -> {
      if (at == when) {
        die(died, point);
      }
    };
  }

  private static void die(AtomicBoolean died, Point point) {
    if (!died.getAndSet(true)) {
      throw new IllegalStateException("killed " + point);
    }
  }

  /** By the journal and by the weights, which know nothing of each other. */
  private static void closes(World world, RunSummary summary, String which) {
    List<Long> groups = world.lastSaved().groups();
    assertEquals(STEPS * GROUPS, groups.size(), which);
    assertEquals(STEPS * GROUPS, groups.stream().distinct().count(), which);
    assertEquals(STEPS * GROUPS, summary.account().trained(), which);
    assertEquals(0, summary.account().inFlight(), which);
    assertEquals(summary.account(), world.replayed().account(), which);
    Map<Long, PromptTicket> tickets = world.tickets();
    List<Long> trained = groups.stream().map(id -> tickets.get(id).number()).toList();
    CursorState cursor = world.replayed().snapshot().cursor();
    TreeSet<Long> all = new TreeSet<>(trained);
    cursor.returned().forEach(ticket -> all.add(ticket.number()));
    assertEquals(groups.size() + cursor.returned().size(), all.size(), which + ": " + all);
    List<Long> issued = LongStream.range(0, cursor.position()).boxed().toList();
    assertEquals(issued, List.copyOf(all), which);
  }
}
