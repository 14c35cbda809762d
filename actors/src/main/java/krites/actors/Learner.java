package krites.actors;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.DataMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.RunState;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberLost;
import krites.grpo.port.MemberPlane;
import krites.grpo.port.PolicyTrainer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/**
 * Drives the trainer on a thread of its own, one piece of a step at a time, so that a checkpoint or
 * a stop is handled in the middle of a step.
 *
 * <p>It owns the trained weights and the optimizer, and promises that each version is completely
 * written before anybody hears of it, and that a batch which comes twice is trained once. It knows
 * neither where batches come from nor who will run its weights. An exception of the trainer ends
 * it.
 *
 * <p>With other members ({@link LearnerMember}) it leads them: it begins when all have come. When
 * one is lost it waits to be stopped, as they do.
 */
public final class Learner {
  /** What it understands. */
  public sealed interface Command {}

  /** Make one optimizer step of this batch. */
  public record Train(TrainingBatch batch) implements Command, DataMessage {}

  /**
   * Write a checkpoint of this state of the run; refused when the weights are of another version by
   * now.
   */
  public record Checkpoint(RunState state) implements Command, ControlMessage {}

  /** Say where you stand; what was said last and may have been lost is said again. */
  public record Ask() implements Command, ControlMessage {}

  /**
   * Another member is there.
   *
   * @param address where it is reached
   */
  public record Join(int rank, String address, ActorRef<LearnerMember.Command> member)
      implements Command, ControlMessage {}

  /** The next piece of the step under way. */
  private record Advance() implements Command, LocalMessage {}

  /** Nobody has answered yet. */
  private record Announce() implements Command, LocalMessage {}

  private record NobodyCame() implements Command, LocalMessage {}

  private static final Duration ANNOUNCE_EVERY =
      Duration.ofSeconds(1); // until somebody has heard that the weights are loaded

  private static final long NO_STEP = 0;

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private final PolicyTrainer trainer;
  private final CheckpointStore checkpoints;
  private final ActorRef<Orchestrator.Command> orchestrator;
  private final ActorRef<ParameterServer.Command> parameterServer;
  private final WeightUpdate first;
  private final Runnable whenClosed;
  private long step = NO_STEP;
  private Orchestrator.@Nullable Trained lastTrained;
  private Orchestrator.@Nullable Checkpointed lastCheckpoint;

  private Learner(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      PolicyTrainer trainer,
      CheckpointStore checkpoints,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      Runnable whenClosed) {
    this.context = context;
    this.timers = timers;
    this.trainer = trainer;
    this.checkpoints = checkpoints;
    this.orchestrator = orchestrator;
    this.parameterServer = parameterServer;
    this.whenClosed = whenClosed;
    this.first = trainer.publish();
  }

  /**
   * A learner that makes its trainer on its own thread and publishes the version that it starts
   * with.
   */
  static Behavior<Command> create(
      Supplier<PolicyTrainer> trainers,
      CheckpointStore checkpoints,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  PolicyTrainer trainer = PartFailure.guard("trainer", trainers);
                  return new Learner(
                          context,
                          timers,
                          trainer,
                          checkpoints,
                          orchestrator,
                          parameterServer,
                          () -> {})
                      .begin();
                }));
  }

  /**
   * The same as the leading one of several members, which have actors of their own.
   *
   * @param members how many there are, this one included
   * @param planes opens its end of the connections between them
   * @param trainers makes the trainer
   */
  static Behavior<Command> leading(
      int members,
      Supplier<MemberPlane> planes,
      Function<MemberExchange, PolicyTrainer> trainers,
      CheckpointStore checkpoints,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  MemberPlane plane = PartFailure.guard("learner's connections", planes);
                  return gathering(
                      members,
                      plane,
                      exchange -> {
                        PolicyTrainer trainer =
                            PartFailure.guard("trainer", () -> trainers.apply(exchange));
                        try {
                          return new Learner(
                                  context,
                                  timers,
                                  trainer,
                                  checkpoints,
                                  orchestrator,
                                  parameterServer,
                                  plane::close)
                              .begin();
                        } catch (MemberLost lost) {
                          trainer.close();
                          throw lost;
                        }
                      },
                      context,
                      timers);
                }));
  }

  /** Waits for the other members, then tells each who they are. */
  private static Behavior<Command> gathering(
      int members,
      MemberPlane plane,
      Function<MemberExchange, Behavior<Command>> learner,
      ActorContext<Command> context,
      TimerScheduler<Command> timers) {
    Map<Integer, Join> come = new TreeMap<>();
    return Behaviors.<Command>receive(
        (_, command) -> {
          if (!(command instanceof Join join)) {
            return Behaviors.same();
          }
          come.put(join.rank(), join);
          if (come.size() < members - 1) {
            return Behaviors.same();
          }
          List<String> addresses = new ArrayList<>(List.of(plane.address()));
          come.values().forEach(one -> addresses.add(one.address()));
          String ticket = plane.freshTicket();
          come.values()
              .forEach(one -> one.member().tell(new LearnerMember.Begin(ticket, addresses)));
          context.getLog().info("the learner has {} members", members);
          try {
            return learner.apply(plane.join(ticket, addresses, 0));
          } catch (MemberLost lost) {
            plane.close();
            return missing(lost, context, timers);
          } catch (RuntimeException failed) {
            plane.close();
            throw failed;
          }
        },
        (_, signal) -> {
          if (signal instanceof PostStop) {
            plane.close();
          }
          return Behaviors.same();
        });
  }

  /** Whoever hosted the lost member knows why it is gone, and has the run go back. */
  private static Behavior<Command> missing(
      MemberLost lost, ActorContext<Command> context, TimerScheduler<Command> timers) {
    context.getLog().warn("the learner waits to be stopped: {}", lost.getMessage());
    timers.cancelAll();
    timers.startSingleTimer(new NobodyCame(), LearnerMember.LINGER);
    return Behaviors.receiveMessage(
        command -> {
          if (command instanceof NobodyCame) {
            throw lost;
          }
          return Behaviors.same();
        });
  }

  private Behavior<Command> begin() {
    onAnnounce();
    timers.startTimerWithFixedDelay(new Announce(), ANNOUNCE_EVERY);
    return running();
  }

  private Behavior<Command> running() {
    return Behaviors.<Command>receive(
        (context, command) -> {
          try {
            return on(command);
          } catch (MemberLost lost) {
            close();
            return missing(lost, context, timers);
          }
        },
        (context, signal) -> {
          if (signal instanceof PostStop) {
            close();
          }
          return Behaviors.same();
        });
  }

  private Behavior<Command> on(Command command) {
    return switch (command) {
      case Train(TrainingBatch batch) -> onTrain(batch);
      case Checkpoint(RunState state) -> onCheckpoint(state);
      case Ask() -> onAsk();
      case Advance() -> onAdvance();
      case Announce() -> onAnnounce();
      case Join _, NobodyCame _ -> Behaviors.same();
    };
  }

  private void close() {
    try {
      trainer.close();
    } finally {
      whenClosed.run();
    }
  }

  private Behavior<Command> onAnnounce() {
    orchestrator.tell(new Orchestrator.LearnerReady(first, context.getSelf()));
    parameterServer.tell(new ParameterServer.Publish(first, orchestrator));
    return Behaviors.same();
  }

  /** A batch that is under way, done or from another learner's time is not trained (again). */
  private Behavior<Command> onTrain(TrainingBatch batch) {
    heard();
    if (step == NO_STEP && batch.policy().equals(trainer.version())) {
      step = batch.step();
      trainer.begin(batch);
      context.getSelf().tell(new Advance());
    } else if (step == NO_STEP) {
      context
          .getLog()
          .info("the batch of step {} is for {}, not trained", batch.step(), batch.policy());
      repeat();
    }
    return Behaviors.same();
  }

  private Behavior<Command> onAdvance() {
    Optional<StepReport> report = trainer.advance();
    if (report.isPresent()) {
      step = NO_STEP;
      WeightUpdate update = trainer.publish();
      lastTrained = new Orchestrator.Trained(report.get(), update);
      repeat();
    } else {
      orchestrator.tell(new Orchestrator.LearnerProgress());
      context.getSelf().tell(new Advance());
    }
    return Behaviors.same();
  }

  private Behavior<Command> onCheckpoint(RunState state) {
    heard();
    PolicyVersion version = trainer.version();
    Orchestrator.Checkpointed known = lastCheckpoint;
    if (known != null && known.step() == state.step()) {
      orchestrator.tell(known);
    } else if (state.version().equals(version)) {
      Path path = checkpoints.write(state, trainer);
      lastCheckpoint = new Orchestrator.Checkpointed(state.step(), path.toString());
      orchestrator.tell(lastCheckpoint);
    } else {
      // A stop crossed the end of a step; the orchestrator has heard of the step by now and asks
      // again.
      context
          .getLog()
          .info("no checkpoint of step {}: the weights are already {}", state.step(), version);
    }
    return Behaviors.same();
  }

  private Behavior<Command> onAsk() {
    heard();
    repeat();
    if (lastCheckpoint != null) {
      orchestrator.tell(lastCheckpoint);
    }
    orchestrator.tell(new Orchestrator.LearnerStatus(trainer.version(), step));
    return Behaviors.same();
  }

  /** What was said last; whoever knows it already ignores it. */
  private void repeat() {
    if (lastTrained != null) {
      orchestrator.tell(lastTrained);
      parameterServer.tell(new ParameterServer.Publish(lastTrained.update(), orchestrator));
    }
  }

  private void heard() {
    timers.cancelAll();
  }
}
