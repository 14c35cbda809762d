package krites.actors;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberLost;
import krites.grpo.port.MemberPlane;
import krites.grpo.port.TrainerMember;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * A member of a learner that does not lead, on a thread of its own: tells the {@link Learner} where
 * it is reached until it hears who the members are, and from then on does what the leading one says
 * over the connections between them.
 *
 * <p>When another member is lost it waits to be stopped: whoever hosted that one knows why it is
 * gone, and has the run go back.
 */
public final class LearnerMember {
  /** What it understands. */
  public sealed interface Command {}

  /**
   * All members are there.
   *
   * @param ticket of their connections; a secret
   * @param addresses by rank
   */
  public record Begin(String ticket, List<String> addresses) implements Command, ControlMessage {
    public Begin {
      addresses = List.copyOf(addresses);
    }

    @Override
    public String toString() {
      return "Begin[" + addresses + "]";
    }
  }

  private record Announce() implements Command, LocalMessage {}

  /** The next piece of work, or a moment of waiting. */
  private record Advance() implements Command, LocalMessage {}

  private record NobodyCame() implements Command, LocalMessage {}

  private static final Duration ANNOUNCE_EVERY = Duration.ofSeconds(1);

  /**
   * Until a lost member is a failure of who misses it: longer than a cluster takes to give up a
   * node that is gone.
   */
  static final Duration LINGER = Duration.ofSeconds(40);

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private final int rank;
  private final MemberPlane plane;
  private final Function<MemberExchange, TrainerMember> members;
  private final ActorRef<Learner.Command> learner;

  private LearnerMember(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      int rank,
      MemberPlane plane,
      Function<MemberExchange, TrainerMember> members,
      ActorRef<Learner.Command> learner) {
    this.context = context;
    this.timers = timers;
    this.rank = rank;
    this.plane = plane;
    this.members = members;
    this.learner = learner;
  }

  /**
   * A member.
   *
   * @param rank among all members, at least 1
   * @param planes opens its end of the connections
   * @param members makes the trainer's member on the actor's thread
   */
  static Behavior<Command> create(
      int rank,
      Supplier<MemberPlane> planes,
      Function<MemberExchange, TrainerMember> members,
      ActorRef<Learner.Command> learner) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  MemberPlane plane = PartFailure.guard("learner's connections", planes);
                  var member = new LearnerMember(context, timers, rank, plane, members, learner);
                  member.announce();
                  timers.startTimerWithFixedDelay(new Announce(), ANNOUNCE_EVERY);
                  return member.coming();
                }));
  }

  private void announce() {
    learner.tell(new Learner.Join(rank, plane.address(), context.getSelf()));
  }

  private Behavior<Command> coming() {
    return Behaviors.<Command>receive(
        (_, command) ->
            switch (command) {
              case Begin(String ticket, List<String> addresses) -> begin(ticket, addresses);
              case Announce _ -> {
                announce();
                yield Behaviors.same();
              }
              case Advance _, NobodyCame _ -> Behaviors.same();
            },
        (_, signal) -> {
          if (signal instanceof PostStop) {
            plane.close();
          }
          return Behaviors.same();
        });
  }

  private Behavior<Command> begin(String ticket, List<String> addresses) {
    timers.cancelAll();
    MemberExchange exchange;
    try {
      exchange = plane.join(ticket, addresses, rank);
    } catch (MemberLost lost) {
      return missing(lost);
    }
    TrainerMember member;
    try {
      member = PartFailure.guard("trainer", () -> members.apply(exchange));
    } catch (PartFailure failure) {
      plane.close();
      throw failure;
    }
    context.getLog().info("trains as member {} of {}", rank, addresses.size());
    context.getSelf().tell(new Advance());
    return training(member);
  }

  private Behavior<Command> training(TrainerMember member) {
    return Behaviors.<Command>receive(
        (_, command) ->
            switch (command) {
              case Advance _ -> {
                try {
                  member.advance();
                } catch (MemberLost lost) {
                  close(member);
                  yield missing(lost);
                }
                context.getSelf().tell(new Advance());
                yield Behaviors.same();
              }
              case Begin _, Announce _, NobodyCame _ -> Behaviors.same();
            },
        (_, signal) -> {
          if (signal instanceof PostStop) {
            close(member);
          }
          return Behaviors.same();
        });
  }

  private void close(TrainerMember member) {
    try (MemberPlane _ = plane) {
      member.close();
    }
  }

  private Behavior<Command> missing(MemberLost lost) {
    context.getLog().warn("member {} waits to be stopped: {}", rank, lost.getMessage());
    plane.close();
    timers.startSingleTimer(new NobodyCame(), LINGER);
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case NobodyCame _ -> throw lost;
              case Begin _, Announce _, Advance _ -> Behaviors.same();
            });
  }
}
