package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One job after another, on a clock that the test moves. */
@Timeout(60)
final class CoordinatorTest implements NodeRooms {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          "coordinator-test",
          KritesRun.config(ManualTime.config().withFallback(ConfigFactory.empty())));

  private final ManualTime time = ManualTime.get(KIT.system());
  private final TestProbe<Coordinator.Answer> answers = KIT.createTestProbe();

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  /** What ends with one job says nothing about the next. */
  @Test
  void aJobIsNotEndedByWhatTheOneBeforeItLeft() throws InterruptedException {
    ActorRef<Coordinator.Command> coordinator = KIT.spawn(Coordinator.create(this));
    time.timePasses(Duration.ofSeconds(3));
    submit(coordinator, "job-1");
    awaitPhase(
        coordinator, "job-1", "waiting for nodes that host rollout, reward, learner, params");
    Thread.sleep(200); // opened by then
    coordinator.tell(new Coordinator.Halt("job-1"));
    awaitPhase(coordinator, "job-1", "ended");
    submit(coordinator, "job-2");
    awaitPhase(
        coordinator, "job-2", "waiting for nodes that host rollout, reward, learner, params");
    Thread.sleep(200);
    time.timePasses(Duration.ofSeconds(20));
    Thread.sleep(200);
    assertEquals(Optional.empty(), news(coordinator, "job-2").end());
  }

  private void submit(ActorRef<Coordinator.Command> coordinator, String id) {
    Job job = new Job(id, "", "nowhere", false, "krites 1", ClusterWorld.SECRET);
    coordinator.tell(new Coordinator.Submit(job, answers.getRef()));
    assertEquals(new Coordinator.Accepted(id), answers.receiveMessage());
  }

  private Coordinator.News news(ActorRef<Coordinator.Command> coordinator, String id) {
    coordinator.tell(new Coordinator.Inquire(id, 0, answers.getRef()));
    return assertInstanceOf(Coordinator.News.class, answers.receiveMessage());
  }

  private void awaitPhase(ActorRef<Coordinator.Command> coordinator, String id, String phase)
      throws InterruptedException {
    while (!news(coordinator, id).phase().equals(phase)) {
      Thread.sleep(20);
    }
  }

  // --- rooms
  // ---------------------------------------------------------------------------------------------------

  @Override
  public Lead lead(Job job, boolean again) {
    World world = new World();
    return new Lead() {
      @Override
      public RunSettings settings() {
        return world.settings();
      }

      @Override
      public RunParts parts() {
        return world.parts();
      }

      @Override
      public Conclusion conclude(RunOutcome outcome) {
        return new Conclusion(0, List.of(outcome.getClass().getSimpleName()));
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public HostedParts host(Job job) {
    throw new UnsupportedOperationException("no node hosts anything here");
  }

  @Override
  public List<String> devices() {
    return List.of();
  }
}
