package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import krites.grpo.flow.CircuitBreaker.State;
import org.junit.jupiter.api.Test;

final class CircuitBreakerTest {
  private final CircuitBreaker breaker = new CircuitBreaker(3, 100);

  @Test
  void itOpensAtTheLastOfItsFailuresInARow() {
    breaker.failed(1, 0);
    breaker.failed(2, 0);
    breaker.succeeded();
    breaker.failed(3, 0);
    breaker.failed(4, 0);
    assertTrue(breaker.allows(0));
    breaker.failed(5, 7);
    assertEquals(State.OPEN, breaker.state());
    assertFalse(breaker.allows(106));
    assertTrue(breaker.allows(107));
    assertThrows(IllegalStateException.class, () -> breaker.sent(6, 106));
  }

  @Test
  void oneProbePassesAfterTheCooldownAndItsSuccessCloses() {
    open();
    breaker.sent(9, 100);
    assertEquals(State.HALF_OPEN, breaker.state());
    assertFalse(breaker.allows(1_000));
    breaker.succeeded();
    assertEquals(State.CLOSED, breaker.state());
    breaker.failed(10, 1_000);
    breaker.failed(11, 1_000);
    assertEquals(State.CLOSED, breaker.state(), "the failures before are forgotten");
  }

  @Test
  void theFailureOfTheProbeOpensForAnotherCooldown() {
    open();
    breaker.sent(9, 150);
    breaker.failed(8, 160); // an older call
    assertEquals(State.HALF_OPEN, breaker.state());
    breaker.failed(9, 170);
    assertEquals(State.OPEN, breaker.state());
    assertFalse(breaker.allows(269));
    assertTrue(breaker.allows(270));
  }

  @Test
  void whatComesInWhileItIsOpenChangesNothing() {
    open();
    breaker.succeeded();
    breaker.failed(3, 90);
    assertEquals(State.OPEN, breaker.state());
    assertTrue(breaker.allows(100));
  }

  @Test
  void withoutALimitItNeverOpens() {
    CircuitBreaker none = new CircuitBreaker(0, 1);
    for (int i = 0; i < 1_000; i++) {
      none.failed(i, i);
    }
    assertTrue(none.allows(1_000));
  }

  @Test
  void whateverHappensAtMostOneProbeIsUnderWayAndItNeverStaysShut() {
    for (long seed = 0; seed < 1_000; seed++) {
      Random random = new Random(seed);
      CircuitBreaker some = new CircuitBreaker(1 + random.nextInt(4), 10);
      long now = random.nextLong(); // a clock may start anywhere, and overflow
      long probe = -1;
      for (int i = 0; i < 200; i++) {
        now += random.nextInt(6);
        if (some.allows(now) && random.nextBoolean()) {
          boolean isProbe = some.state() == State.OPEN;
          some.sent(i, now);
          probe = isProbe ? i : probe;
        } else if (random.nextInt(3) == 0) {
          some.succeeded();
        } else {
          some.failed(random.nextBoolean() ? probe : random.nextInt(200), now);
        }
        assertEquals(
            some.state() == State.HALF_OPEN, !some.allows(now + 10), "seed " + seed + " at " + i);
      }
    }
  }

  private void open() {
    breaker.failed(1, 0);
    breaker.failed(2, 0);
    breaker.failed(3, 0);
  }
}
