package krites.actors;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.DataMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.RunState;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.PolicyTrainer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Drives the trainer on a thread of its own, one piece of a step at a time, so that a checkpoint or
 * a stop is handled in the middle of a step.
 *
 * <p>It owns the trained weights and the optimizer, and promises that each version is completely
 * written before anybody hears of it. It knows neither where batches come from nor who will run its
 * weights. An exception of the trainer ends it.
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

  /** The next piece of the step under way. */
  private record Advance() implements Command, LocalMessage {}

  private final ActorContext<Command> context;
  private final PolicyTrainer trainer;
  private final CheckpointStore checkpoints;
  private final ActorRef<Orchestrator.Command> orchestrator;
  private final ActorRef<ParameterServer.Command> parameterServer;

  private Learner(
      ActorContext<Command> context,
      PolicyTrainer trainer,
      CheckpointStore checkpoints,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer) {
    this.context = context;
    this.trainer = trainer;
    this.checkpoints = checkpoints;
    this.orchestrator = orchestrator;
    this.parameterServer = parameterServer;
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
        context -> {
          PolicyTrainer trainer = PartFailure.guard("trainer", trainers);
          var learner = new Learner(context, trainer, checkpoints, orchestrator, parameterServer);
          WeightUpdate first = trainer.publish();
          orchestrator.tell(new Orchestrator.LearnerReady(first, context.getSelf()));
          parameterServer.tell(new ParameterServer.Publish(first));
          return learner.running();
        });
  }

  private Behavior<Command> running() {
    return Behaviors.<Command>receive(
        (context, command) ->
            switch (command) {
              case Train(TrainingBatch batch) -> onTrain(batch);
              case Checkpoint(RunState state) -> onCheckpoint(state);
              case Advance() -> onAdvance();
            },
        (context, signal) -> {
          if (signal instanceof PostStop) {
            trainer.close();
          }
          return Behaviors.same();
        });
  }

  private Behavior<Command> onTrain(TrainingBatch batch) {
    trainer.begin(batch);
    context.getSelf().tell(new Advance());
    return Behaviors.same();
  }

  private Behavior<Command> onAdvance() {
    Optional<StepReport> report = trainer.advance();
    if (report.isPresent()) {
      WeightUpdate update = trainer.publish();
      orchestrator.tell(new Orchestrator.Trained(report.get(), update));
      parameterServer.tell(new ParameterServer.Publish(update));
    } else {
      orchestrator.tell(new Orchestrator.LearnerProgress());
      context.getSelf().tell(new Advance());
    }
    return Behaviors.same();
  }

  private Behavior<Command> onCheckpoint(RunState state) {
    if (state.version().equals(trainer.version())) {
      Path path = checkpoints.write(state, trainer);
      orchestrator.tell(new Orchestrator.Checkpointed(state.step(), path.toString()));
    } else {
      // A stop crossed the end of a step; the orchestrator has heard of the step by now and asks
      // again.
      context
          .getLog()
          .info(
              "no checkpoint of step {}: the weights are already {}",
              state.step(),
              trainer.version());
    }
    return Behaviors.same();
  }
}
