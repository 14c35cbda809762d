package krites.actors;

import krites.actors.wire.ControlMessage;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Where those who are no member of the cluster speak to it: each node has one, under a path that
 * everybody knows.
 */
public final class Gate {
  /** Its name, under the guardian of a node. */
  public static final String NAME = "gate";

  /** What it understands. */
  public sealed interface Command {}

  /** For the coordinator, wherever it is. */
  public record Submit(Job job, ActorRef<Coordinator.Answer> replyTo)
      implements Command, ControlMessage {}

  /** For the coordinator, wherever it is. */
  public record Inquire(String job, long seen, ActorRef<Coordinator.Answer> replyTo)
      implements Command, ControlMessage {}

  /** For the coordinator, wherever it is. */
  public record Halt(String job) implements Command, ControlMessage {}

  /** Tell how the cluster is. */
  public record Survey(ActorRef<ClusterSurvey.View> replyTo) implements Command, ControlMessage {}

  private Gate() {}

  static Behavior<Command> create(
      String version, String cluster, ActorRef<Coordinator.Command> coordinator) {
    return Behaviors.setup(
        context ->
            Behaviors.receiveMessage(
                command -> {
                  switch (command) {
                    case Submit(Job job, ActorRef<Coordinator.Answer> replyTo)
                        when !job.version().equals(version) ->
                        replyTo.tell(
                            new Coordinator.Refused(
                                "this cluster runs Krites "
                                    + version
                                    + ", the job comes from "
                                    + job.version()));
                    case Submit(Job job, ActorRef<Coordinator.Answer> replyTo) ->
                        coordinator.tell(new Coordinator.Submit(job, replyTo));
                    case Inquire(String job, long seen, ActorRef<Coordinator.Answer> replyTo) ->
                        coordinator.tell(new Coordinator.Inquire(job, seen, replyTo));
                    case Halt(String job) -> coordinator.tell(new Coordinator.Halt(job));
                    case Survey(ActorRef<ClusterSurvey.View> replyTo) ->
                        context.spawnAnonymous(
                            ClusterSurvey.create(version, cluster, coordinator, replyTo),
                            DispatcherSelector.fromConfig(KritesRun.FLOW_DISPATCHER));
                  }
                  return Behaviors.same();
                }));
  }
}
