package krites.actors;

import java.util.List;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.TrainingBatch;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.port.RunRecorder;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Hands what happens to the {@link RunRecorder}, in order, on a thread that may block, and confirms
 * what is written. A recorder that throws ends the run: a run that leaves no trace is worth
 * nothing.
 */
public final class Recorder {
  /** What it understands. */
  public sealed interface Command {}

  /** A step was trained; {@code samples} are some of its responses. */
  public record RecordStep(StepRecord step, List<SampleRecord> samples)
      implements Command, ControlMessage {}

  /** A set was evaluated. */
  public record RecordEval(EvalRecord eval) implements Command, ControlMessage {}

  /**
   * The next entries of the journal, answered by {@link Orchestrator.Written}.
   *
   * @param entries of the journal when these are written
   */
  public record RecordEvents(
      List<LedgerEvent> events, long entries, ActorRef<Orchestrator.Command> replyTo)
      implements Command, ControlMessage {}

  /** Force the journal to disk, answered by {@link Orchestrator.Synced}. */
  public record Sync(long entries, ActorRef<Orchestrator.Command> replyTo)
      implements Command, ControlMessage {}

  /** Keep a batch for a replay, answered by {@link Orchestrator.BatchWritten}. */
  public record RecordBatch(TrainingBatch batch, ActorRef<Orchestrator.Command> replyTo)
      implements Command, LocalMessage {}

  /** The run as it stands. */
  public record RecordStatus(RunStatus status) implements Command, ControlMessage {}

  /** The run is over; the answer says that everything was written. */
  public record Finish(RunSummary summary, ActorRef<RunSupervisor.Command> replyTo)
      implements Command, ControlMessage {}

  private final RunRecorder recorder;

  private Recorder(RunRecorder recorder) {
    this.recorder = recorder;
  }

  static Behavior<Command> create(RunRecorder recorder) {
    return new Recorder(recorder).running();
  }

  private Behavior<Command> running() {
    return Behaviors.receiveMessage(
        command -> {
          switch (command) {
            case RecordStep(StepRecord step, List<SampleRecord> samples) -> onStep(step, samples);
            case RecordEval(EvalRecord eval) -> recorder.eval(eval);
            case RecordEvents(
                    List<LedgerEvent> events,
                    long entries,
                    ActorRef<Orchestrator.Command> replyTo) -> {
              recorder.events(events);
              replyTo.tell(new Orchestrator.Written(entries));
            }
            case Sync(long entries, ActorRef<Orchestrator.Command> replyTo) -> {
              recorder.sync();
              replyTo.tell(new Orchestrator.Synced(entries));
            }
            case RecordBatch(TrainingBatch batch, ActorRef<Orchestrator.Command> replyTo) -> {
              recorder.batch(batch);
              replyTo.tell(new Orchestrator.BatchWritten(batch.step()));
            }
            case RecordStatus(RunStatus status) -> recorder.status(status);
            case Finish(RunSummary summary, ActorRef<RunSupervisor.Command> replyTo) -> {
              recorder.summary(summary);
              replyTo.tell(new RunSupervisor.Recorded());
            }
          }
          return Behaviors.same();
        });
  }

  private void onStep(StepRecord step, List<SampleRecord> samples) {
    recorder.step(step);
    if (!samples.isEmpty()) {
      recorder.samples(samples);
    }
  }
}
