package krites.actors;

import java.time.Duration;
import java.util.List;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.DataMessage;
import krites.grpo.Group;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.port.RewardFunction;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Scores the responses of one group after the other, on a thread that may block.
 *
 * <p>A reward that throws is reported, not fatal: the orchestrator, which still holds the group,
 * decides what becomes of it. It knows no model, no version and no other worker.
 */
public final class RewardWorker {
  /** What it understands. */
  public sealed interface Command {}

  /** Score every response of a group. */
  public record Score(Group group) implements Command, DataMessage {}

  /** Say that you are there, by reporting for work once more. */
  public record Ping() implements Command, ControlMessage {}

  private static final Duration ANNOUNCE_EVERY =
      Duration.ofSeconds(1); // until the first group: the report before may have been lost

  private final ActorRef<Command> self;
  private final TimerScheduler<Command> timers;
  private final String name;
  private final RewardFunction reward;
  private final ActorRef<Orchestrator.Command> orchestrator;

  private RewardWorker(
      ActorRef<Command> self,
      TimerScheduler<Command> timers,
      String name,
      RewardFunction reward,
      ActorRef<Orchestrator.Command> orchestrator) {
    this.self = self;
    this.timers = timers;
    this.name = name;
    this.reward = reward;
    this.orchestrator = orchestrator;
  }

  /** A worker that reports for work. */
  static Behavior<Command> create(
      String name, RewardFunction reward, ActorRef<Orchestrator.Command> orchestrator) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  var worker =
                      new RewardWorker(context.getSelf(), timers, name, reward, orchestrator);
                  worker.report();
                  timers.startTimerWithFixedDelay(new Ping(), ANNOUNCE_EVERY);
                  return worker.running();
                }));
  }

  private Behavior<Command> running() {
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case Score(Group group) -> onScore(group);
              case Ping() -> report();
            });
  }

  private Behavior<Command> report() {
    orchestrator.tell(new Orchestrator.RewardReady(name, self));
    return Behaviors.same();
  }

  private Behavior<Command> onScore(Group group) {
    timers.cancelAll(); // it was heard
    orchestrator.tell(score(group));
    return Behaviors.same();
  }

  private Orchestrator.Command score(Group group) {
    try {
      List<Reward> rewards = reward.scoreAll(group.prompt(), group.responses());
      rewards.forEach(RewardWorker::requireReal);
      return new Orchestrator.GroupScored(name, new ScoredGroup(group, rewards));
    } catch (RuntimeException failure) {
      return new Orchestrator.ScoringFailed(name, group.id(), Reasons.of(failure));
    }
  }

  private static void requireReal(Reward reward) {
    if (RewardPolicy.isDefault(reward)) {
      throw new IllegalStateException(
          "the reward has a term " + RewardPolicy.DEFAULT_TERM + ", which marks default rewards");
    }
  }
}
