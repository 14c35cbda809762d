package krites.actors;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;

final class StallWatchTest {
  private static final Duration SUSPECT = Duration.ofSeconds(10); // as in World

  private final AtomicLong nanos = new AtomicLong();
  private final StallWatch watch =
      new StallWatch(
          new World().settings(),
          nanos::get,
          new Orchestrator.Team(
              TestInbox.<ParameterServer.Command>create().getRef(),
              TestInbox.<Recorder.Command>create().getRef(),
              TestInbox.<RunSupervisor.Command>create().getRef()));

  @Test
  void aTimeInWhichThisProcessStoodStillIsNobodysFault() {
    pass(SUSPECT.multipliedBy(20));
    assertTrue(watch.isIdleFor(SUSPECT));
    assertTrue(watch.stoodStill());
    assertFalse(watch.isIdleFor(Duration.ofMillis(1)));
  }

  @Test
  void aTimeOfRegularTicksCounts() {
    for (int i = 0; i < 10; i++) {
      pass(SUSPECT.dividedBy(4));
      assertFalse(watch.stoodStill());
    }
    assertTrue(watch.isIdleFor(SUSPECT));
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }
}
