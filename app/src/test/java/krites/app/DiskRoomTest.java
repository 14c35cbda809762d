package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskRoomTest {
  @TempDir Path folder;

  private long clock;

  @Test
  void roomThatIsThereIsNotWaitedFor() {
    assertTrue(room(() -> 100).await(100));
    assertEquals(0, clock);
    assertTrue(new DiskRoom(folder, Duration.ZERO).await(1), "this disk has a byte");
    assertFalse(new DiskRoom(folder, Duration.ZERO).await(Long.MAX_VALUE));
  }

  @Test
  void itGoesOnAsSoonAsSomebodyMakesRoom() {
    assertTrue(room(() -> clock < 7_000 ? 99 : 100).await(100));
    assertEquals(7_000, clock);
  }

  @Test
  void patienceEnds() {
    assertFalse(room(() -> 99).await(100));
    assertEquals(90_000, clock);
  }

  private DiskRoom room(LongSupplier free) {
    return new DiskRoom(folder, Duration.ofSeconds(90), free, slept -> clock += slept);
  }
}
