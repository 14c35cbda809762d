package krites.actors;

import java.time.Duration;
import java.util.function.Function;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.StashBuffer;

/**
 * Stands beside its supervisor for an actor that another node hosts: orders it there, passes on
 * what it is sent, fails when it fails, and has it stopped when it is stopped.
 *
 * <p>It fails with {@link HostLost} when the node is gone. Orders may be lost, so they are repeated
 * until they are answered; the node takes each once.
 */
public final class StandIn {
  /** What the hosting node tells. */
  public sealed interface Report {}

  /** The actor lives, under this reference. */
  public record Started(ActorRef<Void> ref) implements Report, ControlMessage {}

  /**
   * The actor has ended.
   *
   * @param beyondRetry whether another attempt would end the same way: a part is missing
   */
  public record Ended(String reason, boolean beyondRetry) implements Report, ControlMessage {}

  private record OrderAgain() implements LocalMessage {}

  private record NoReasonCame() implements LocalMessage {}

  private static final Duration ORDER_EVERY =
      Duration.ofSeconds(2); // until it is answered: loading may take longer, and is not disturbed

  private static final Duration REASON_WITHIN =
      Duration.ofSeconds(2); // the end of an actor and its reason come by different ways

  private static final int STASH = 100_000; // messages of workers while the host loads a model

  private final ActorContext<Object> context;
  private final Hosts.Place place;
  private final ActorRef<NodeAgent.Command> agent;
  private final Function<ActorRef<Report>, NodeAgent.Command> order;

  private StandIn(
      ActorContext<Object> context,
      Hosts.Place place,
      ActorRef<NodeAgent.Command> agent,
      Function<ActorRef<Report>, NodeAgent.Command> order) {
    this.context = context;
    this.place = place;
    this.agent = agent;
    this.order = order;
  }

  /**
   * A stand-in for an actor that understands {@code M}.
   *
   * @param agent of the node that is to host it
   * @param order what the agent is told, with the reference that it reports to
   */
  static <M> Behavior<M> create(
      Hosts.Place place,
      ActorRef<NodeAgent.Command> agent,
      Function<ActorRef<Report>, NodeAgent.Command> order) {
    return Behaviors.<Object>supervise(standing(place, agent, order))
        .onFailure(SupervisorStrategy.stop().withLoggingEnabled(false)) // its supervisor tells
        .narrow();
  }

  private static Behavior<Object> standing(
      Hosts.Place place,
      ActorRef<NodeAgent.Command> agent,
      Function<ActorRef<Report>, NodeAgent.Command> order) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    Behaviors.withStash(
                        STASH,
                        stash -> {
                          timers.startTimerWithFixedDelay(new OrderAgain(), ORDER_EVERY);
                          context.watch(agent);
                          var standIn = new StandIn(context, place, agent, order);
                          standIn.order();
                          return standIn.behavior(
                              message ->
                                  standIn.ordering(
                                      message, stash, () -> timers.cancel(new OrderAgain())));
                        })));
  }

  private void order() {
    agent.tell(order.apply(context.getSelf().narrow()));
  }

  private Behavior<Object> behavior(Function<Object, Behavior<Object>> onMessage) {
    return Behaviors.<Object>receive(
        (_, message) -> onMessage.apply(message),
        (_, signal) ->
            switch (signal) {
              case Terminated gone when gone.getRef().equals(agent) ->
                  throw HostLost.gone(place.node());
              case Terminated _ -> {
                context.scheduleOnce(REASON_WITHIN, context.getSelf(), new NoReasonCame());
                yield Behaviors.same();
              }
              case PostStop _ -> {
                agent.tell(new NodeAgent.Dismiss(place.actor(), place.owner()));
                yield Behaviors.same();
              }
              default -> Behaviors.same();
            });
  }

  private Behavior<Object> ordering(Object message, StashBuffer<Object> stash, Runnable ordered) {
    return switch (message) {
      case Started(ActorRef<Void> ref) -> {
        ordered.run();
        context.watch(ref);
        yield stash.unstashAll(behavior(next -> passing(next, ref.unsafeUpcast())));
      }
      case Ended ended -> throw failure(ended);
      case OrderAgain _ -> {
        order();
        yield Behaviors.same();
      }
      default -> {
        stash.stash(message);
        yield Behaviors.same();
      }
    };
  }

  private Behavior<Object> passing(Object message, ActorRef<Object> ref) {
    switch (message) {
      case Ended ended -> throw failure(ended);
      case NoReasonCame _ -> throw new IllegalStateException("it ended by itself");
      case Started _, OrderAgain _ -> {}
      default -> ref.tell(message);
    }
    return Behaviors.same();
  }

  private RuntimeException failure(Ended ended) {
    String what = ended.reason() + " (on " + place.node() + ")";
    return ended.beyondRetry() ? PartFailure.elsewhere(what) : new IllegalStateException(what);
  }
}
