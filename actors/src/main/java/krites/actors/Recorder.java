package krites.actors;

import java.util.List;
import krites.actors.wire.ControlMessage;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.port.RunRecorder;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Hands what happens to the {@link RunRecorder}, in order, on a thread that may block. A recorder
 * that throws ends the run: a run that leaves no trace is worth nothing.
 */
public final class Recorder {
  /** What it understands. */
  public sealed interface Command {}

  /** A step was trained; {@code samples} are some of its responses. */
  public record RecordStep(StepRecord step, List<SampleRecord> samples)
      implements Command, ControlMessage {}

  /** A set was evaluated. */
  public record RecordEval(EvalRecord eval) implements Command, ControlMessage {}

  /** Groups changed their state. */
  public record RecordEvents(List<LedgerEvent> events) implements Command, ControlMessage {}

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
        command ->
            switch (command) {
              case RecordStep(StepRecord step, List<SampleRecord> samples) -> onStep(step, samples);
              case RecordEval(EvalRecord eval) -> onEval(eval);
              case RecordEvents(List<LedgerEvent> events) -> onEvents(events);
              case Finish(RunSummary summary, ActorRef<RunSupervisor.Command> replyTo) ->
                  onFinish(summary, replyTo);
            });
  }

  private Behavior<Command> onStep(StepRecord step, List<SampleRecord> samples) {
    recorder.step(step);
    if (!samples.isEmpty()) {
      recorder.samples(samples);
    }
    return Behaviors.same();
  }

  private Behavior<Command> onEval(EvalRecord eval) {
    recorder.eval(eval);
    return Behaviors.same();
  }

  private Behavior<Command> onEvents(List<LedgerEvent> events) {
    recorder.events(events);
    return Behaviors.same();
  }

  private Behavior<Command> onFinish(RunSummary summary, ActorRef<RunSupervisor.Command> replyTo) {
    recorder.summary(summary);
    replyTo.tell(new RunSupervisor.Recorded());
    return Behaviors.same();
  }
}
