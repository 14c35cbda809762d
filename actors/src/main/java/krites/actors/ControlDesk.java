package krites.actors;

import java.time.Duration;
import krites.actors.wire.LocalMessage;
import krites.grpo.port.ControlInbox;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Looks into the inbox for requests to change the run, on a thread that may block, and puts the
 * answers there. It decides nothing.
 */
final class ControlDesk {
  /** What it understands. */
  sealed interface Command {}

  /** What became of a request. */
  record Answer(String id, boolean accepted, String message) implements Command, LocalMessage {}

  private record Look() implements Command, LocalMessage {}

  private static final Duration EVERY =
      Duration.ofMillis(500); // soon enough for a person who waits for the answer

  private ControlDesk() {}

  static Behavior<Command> create(ControlInbox inbox, ActorRef<Orchestrator.Command> orchestrator) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(new Look(), EVERY);
                  return Behaviors.receiveMessage(
                      command -> {
                        switch (command) {
                          case Look() ->
                              inbox
                                  .poll()
                                  .forEach(
                                      request ->
                                          orchestrator.tell(
                                              new Orchestrator.Change(request, context.getSelf())));
                          case Answer(String id, boolean accepted, String message) ->
                              inbox.answer(id, accepted, message);
                        }
                        return Behaviors.same();
                      });
                }));
  }
}
