package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HeapWatchTest {
  private static final long MIB = 1 << 20;

  private long live = 10 * MIB;
  private long dead;
  private int collections;

  private HeapWatch watch() {
    return new HeapWatch(
        () -> live + dead,
        () -> {
          dead = 0;
          collections++;
        });
  }

  @Test
  void garbageIsTakenAwayOnceItIsWorthIt() {
    HeapWatch watch = watch();
    long most = 0;
    for (int i = 0; i < 1000; i++) {
      dead += MIB;
      watch.look();
      most = Math.max(most, dead);
    }
    assertTrue(most < HeapWatch.ALLOWANCE + live, most + " bytes of garbage");
    assertEquals(14, collections);
  }

  @Test
  void whatLivesIsNotCollectedOverAndOver() {
    HeapWatch watch = watch();
    for (int i = 0; i < 1000; i++) {
      live += 2 * MIB;
      watch.look();
    }
    assertTrue(collections >= 2 && collections <= 10, collections + " collections");
  }

  @Test
  void whatLivesLongIsCollectedByItsSize() {
    live = 1000 * MIB;
    HeapWatch watch = watch();
    for (int i = 0; i < 1000; i++) {
      dead += MIB;
      watch.look();
    }
    assertEquals(1, collections);
  }

  @Test
  void aCollectionOfJavasOwnLowersTheBound() {
    live = 500 * MIB;
    HeapWatch watch = watch();
    live = 10 * MIB;
    assertFalse(watch.look());
    dead = 80 * MIB;
    assertTrue(watch.look());
  }
}
