package krites.actors;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightOffer;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightTransport;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.PreRestart;
import org.apache.pekko.actor.typed.Scheduler;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/**
 * Holds the weights of one node: fetches what the parameter server says from whom it says, hands it
 * to the workers of the node, and serves it on to other nodes.
 *
 * <p>It owns the node's end of the bulk plane, and promises that it fetches one version at a time
 * on a thread that may block, that a version is handed out only when every byte was found right,
 * that an older term is refused, and that the newest two versions stay. An evaluator wants one
 * version and no other: of that one the parameter server hears, and it is fetched though it be old.
 * It says every second what it has: nothing that it is told needs an answer, and a lost message
 * costs a second.
 */
public final class WeightHolder {
  /** What it understands. */
  public sealed interface Command {}

  /**
   * Fetch a version.
   *
   * @param full whom to ask for all bytes, in this order, as {@code host:port}
   * @param delta whom to ask for what changed; empty when that is not to be used
   */
  public record Fetch(WeightOffer offer, List<String> full, List<String> delta)
      implements Command, ControlMessage {}

  /** A version is not needed any more. */
  public record Retire(PolicyVersion version) implements Command, ControlMessage {}

  /** Another parameter server is the one to report to. */
  public record Follow(ActorRef<ParameterServer.Command> parameterServer)
      implements Command, ControlMessage {}

  /** A worker of this node wants a version, or a newer one, or exactly that one. */
  record Want(WeightUpdate update, boolean exact, ActorRef<Answer> replyTo)
      implements Command, LocalMessage {
    boolean isContent(PolicyVersion version) {
      int newer = version.compareTo(update.version());
      return exact ? newer == 0 : newer >= 0;
    }
  }

  private record Arrived(WeightOffer offer, WeightTransport.Arrival arrival)
      implements Command, LocalMessage {}

  private record Failed(WeightOffer offer, String reason) implements Command, LocalMessage {}

  private record Retired(PolicyVersion version, String trouble) implements Command, LocalMessage {}

  /** Time to say what is here. */
  private record Report() implements Command, LocalMessage {}

  /** To a worker. */
  sealed interface Answer {}

  private record Here(WeightUpdate update) implements Answer, LocalMessage {}

  private record NotHere(String reason) implements Answer, LocalMessage {}

  private static final Duration REPORT_EVERY = Duration.ofSeconds(1); // as workers do

  /** A worker asks again after this: the weights of any model over any network come before. */
  private static final Duration WANTED_WITHIN = Duration.ofMinutes(10);

  private static final int KEPT = 2; // the newest, and the one before it, for whoever is slow

  private static final int WANTS = 1_000; // of a node's workers, which ask again after ten minutes

  private final ActorContext<Command> context;
  private final String node;
  private final WeightTransport transport;
  private final Executor blocking;
  private final TreeMap<PolicyVersion, WeightOffer> held = new TreeMap<>();
  private final List<Want> wants = new ArrayList<>();
  private ActorRef<ParameterServer.Command> parameterServer;
  private @Nullable WeightOffer fetching;
  private @Nullable Fetch next; // the newest that came while another is fetched
  private @Nullable Fetch nextExact; // what an evaluator wants goes before

  private WeightHolder(
      ActorContext<Command> context,
      String node,
      WeightTransport transport,
      Executor blocking,
      ActorRef<ParameterServer.Command> parameterServer) {
    this.context = context;
    this.node = node;
    this.transport = transport;
    this.blocking = blocking;
    this.parameterServer = parameterServer;
  }

  /**
   * A holder without any version.
   *
   * @param node its name, one per actor system; routes follow the order of the names, so nodes of a
   *     rack should be neighbours
   * @param transports opens the bulk plane of the node; closed by the holder
   */
  public static Behavior<Command> create(
      String node,
      Supplier<WeightTransport> transports,
      ActorRef<ParameterServer.Command> parameterServer) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  Executor blocking = KritesRun.blocking(context);
                  var holder =
                      new WeightHolder(
                          context,
                          node,
                          PartFailure.guard("weight transport of " + node, transports),
                          blocking,
                          parameterServer);
                  holder.report();
                  timers.startTimerWithFixedDelay(new Report(), REPORT_EVERY);
                  return holder.behavior();
                }));
  }

  /**
   * What the workers of the holder's node ask for weights. It may answer with a newer version, but
   * not an evaluator.
   */
  public static WeightSource source(
      ActorRef<Command> holder, RolloutWorker.Duty duty, Scheduler scheduler) {
    boolean exact = duty == RolloutWorker.Duty.EVALUATION;
    return update ->
        AskPattern.<Command, Answer>ask(
                holder, replyTo -> new Want(update, exact, replyTo), WANTED_WITHIN, scheduler)
            .thenApply(
                answer ->
                    switch (answer) {
                      case Here(WeightUpdate here) -> here;
                      case NotHere(String reason) -> throw new IllegalStateException(reason);
                    });
  }

  private Behavior<Command> behavior() {
    return Behaviors.<Command>receive(
        (_, command) ->
            switch (command) {
              case Fetch fetch -> onFetch(fetch);
              case Arrived(WeightOffer offer, WeightTransport.Arrival arrival) ->
                  onArrived(offer, arrival);
              case Failed(WeightOffer offer, String reason) -> onFailed(offer, reason);
              case Want want -> onWant(want);
              case Retire(PolicyVersion version) -> onRetire(version);
              case Retired(PolicyVersion version, String trouble) -> onRetired(version, trouble);
              case Follow(ActorRef<ParameterServer.Command> other) -> onFollow(other);
              case Report() -> onReport();
            },
        (_, signal) -> {
          if (signal instanceof PostStop || signal instanceof PreRestart) {
            wants.forEach(want -> want.replyTo().tell(new NotHere(node + " goes")));
            transport.close();
          }
          return Behaviors.same();
        });
  }

  // --- fetching
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> onFetch(Fetch fetch) {
    PolicyVersion version = fetch.offer().version();
    PolicyVersion newest = newest();
    if (newest != null && version.term() < newest.term()) {
      context.getLog().warn("{} comes after {} and is refused: an older term", version, newest);
    } else if (newest == null || version.compareTo(newest) > 0) {
      if (fetching == null) {
        begin(fetch);
      } else {
        next = fetch; // what is under way is finished, or a slow node would never have any
      }
    } else if (wanted().filter(version::equals).isPresent()) {
      if (fetching == null) {
        begin(fetch);
      } else {
        nextExact = fetch;
      }
    }
    return Behaviors.same();
  }

  /** What an evaluator waits for and is not on its way. */
  private Optional<PolicyVersion> wanted() {
    return wants.stream()
        .filter(Want::exact)
        .map(want -> want.update().version())
        .filter(version -> fetching == null || !version.equals(fetching.version()))
        .max(Comparator.naturalOrder());
  }

  /** The newest version that is here or on its way. */
  private @Nullable PolicyVersion newest() {
    if (next != null) {
      return next.offer().version();
    }
    return fetching != null ? fetching.version() : held.isEmpty() ? null : held.lastKey();
  }

  private void begin(Fetch fetch) {
    WeightOffer offer = fetch.offer();
    var route = new WeightTransport.Route(fetch.full(), fetch.delta());
    fetching = offer;
    report(); // so that it is kept where it comes from
    context.pipeToSelf(
        CompletableFuture.supplyAsync(() -> transport.fetch(offer, route), blocking),
        (arrival, failure) ->
            failure == null
                ? new Arrived(offer, arrival)
                : new Failed(offer, Reasons.of(Reasons.unwrap(failure))));
  }

  private Behavior<Command> onArrived(WeightOffer offer, WeightTransport.Arrival arrival) {
    context
        .getLog()
        .info(
            "{} has {}: {} MB in {} s{}",
            node,
            offer.version(),
            arrival.bytes() / 1_000_000,
            Math.round(arrival.seconds() * 100) / 100.0,
            arrival.byDelta() ? ", only what changed" : "");
    held.put(offer.version(), offer);
    for (Want want : List.copyOf(wants)) {
      if (want.isContent(offer.version())) {
        wants.remove(want);
        want.replyTo().tell(new Here(offer.update()));
      }
    }
    ended();
    if (fetching == null) { // else what begins now has told it
      report(); // others can have it from here
    }
    return Behaviors.same();
  }

  /** The parameter server hears with the next report that nothing is fetched, and sends again. */
  private Behavior<Command> onFailed(WeightOffer offer, String reason) {
    context.getLog().warn("{} could not fetch {}: {}", node, offer.version(), reason);
    ended();
    return Behaviors.same();
  }

  private void ended() {
    Fetch exact = nextExact;
    Fetch waiting = exact == null ? next : exact;
    fetching = null;
    nextExact = null;
    if (exact == null) {
      next = null;
    }
    if (waiting != null) {
      begin(waiting);
    }
  }

  // --- handing out and keeping
  // ----------------------------------------------------------------------------------

  private Behavior<Command> onWant(Want want) {
    WeightOffer exact = held.get(want.update().version());
    if (exact != null) {
      want.replyTo().tell(new Here(exact.update()));
    } else if (!held.isEmpty() && want.isContent(held.lastKey())) {
      want.replyTo().tell(new Here(held.lastEntry().getValue().update()));
    } else if (wants.size() == WANTS) {
      want.replyTo().tell(new NotHere(WANTS + " wait for weights at " + node));
    } else {
      wants.add(want);
    }
    if (want.exact()) {
      report(); // so that it is sent for
    }
    return Behaviors.same();
  }

  private Behavior<Command> onRetire(PolicyVersion version) {
    WeightOffer offer = held.get(version);
    if (offer != null && held.descendingKeySet().stream().skip(KEPT).anyMatch(version::equals)) {
      WeightUpdate update = offer.update();
      held.remove(version);
      context.pipeToSelf(
          CompletableFuture.runAsync(() -> transport.retire(update), blocking),
          (_, failure) ->
              new Retired(version, failure == null ? "" : Reasons.of(Reasons.unwrap(failure))));
    }
    return Behaviors.same();
  }

  private Behavior<Command> onRetired(PolicyVersion version, String trouble) {
    if (!trouble.isEmpty()) {
      context.getLog().warn("{} cannot remove the weights of {}: {}", node, version, trouble);
    }
    return Behaviors.same();
  }

  // --- reports
  // ------------------------------------------------------------------------------------------------

  private Behavior<Command> onFollow(ActorRef<ParameterServer.Command> other) {
    parameterServer = other;
    report();
    return Behaviors.same();
  }

  private Behavior<Command> onReport() {
    report();
    return Behaviors.same();
  }

  private void report() {
    parameterServer.tell(
        new ParameterServer.HolderReport(
            node,
            transport.address(),
            List.copyOf(held.values()),
            Optional.ofNullable(fetching).map(WeightOffer::version),
            wanted(),
            context.getSelf()));
  }
}
