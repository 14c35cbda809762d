package krites.actors;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
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
import krites.grpo.port.WeightVerifier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/**
 * Owns the published versions.
 *
 * <p>It promises that a version is announced only after its weights were read back and verified,
 * that versions are announced in rising order and an older term never, that a worker is offered one
 * version at a time, always the newest, an evaluator the one under evaluation and no other, and
 * that the weights a worker runs or was offered are kept, those under evaluation and the newest two
 * in any case. Where nodes hold weights of their own, it offers them each version with whom to
 * fetch it from ({@link HolderDesk}), keeps what any of them fetches, and when it has died and
 * begins anew without any version, takes the newest that a node holds until the learner publishes.
 * It does not know what weights are. Weights that cannot be verified, or removed, end the run.
 */
public final class ParameterServer {
  /** What it understands. */
  public sealed interface Command {}

  /** A version is completely written; {@code replyTo} is told when it is announced. */
  public record Publish(WeightUpdate update, ActorRef<Orchestrator.Command> replyTo)
      implements Command, ControlMessage {}

  /** A worker wants the newest version and all later ones, an evaluator those under evaluation. */
  public record WorkerJoined(
      String worker, RolloutWorker.Duty duty, ActorRef<RolloutWorker.Command> ref)
      implements Command, ControlMessage {}

  /**
   * A version is to be evaluated: it is offered to evaluators and kept until the next one is, of
   * which {@code replyTo} is told at once, though it may not be announced yet.
   */
  public record Evaluate(PolicyVersion version, ActorRef<Orchestrator.Command> replyTo)
      implements Command, ControlMessage {}

  /** A worker's next token comes from this version. */
  public record WeightsActive(String worker, PolicyVersion version)
      implements Command, ControlMessage {}

  /**
   * How a node that holds weights of its own is; comes every second.
   *
   * @param node its name
   * @param address where others fetch from it, as {@code host:port}
   * @param held versions of which it has every byte
   * @param fetching the version that it is fetching
   * @param wanted a version, perhaps not the newest, that an evaluator there waits for
   */
  public record HolderReport(
      String node,
      String address,
      List<WeightOffer> held,
      Optional<PolicyVersion> fetching,
      Optional<PolicyVersion> wanted,
      ActorRef<WeightHolder.Command> ref)
      implements Command, ControlMessage {
    public HolderReport {
      held = List.copyOf(held);
    }
  }

  private record Offered(WeightOffer offer) implements Command, LocalMessage {}

  private record Adopted(WeightOffer offer) implements Command, LocalMessage {}

  private record NotAdopted(WeightOffer offer, String reason) implements Command, LocalMessage {}

  private record HolderGone(String node, ActorRef<WeightHolder.Command> ref)
      implements Command, LocalMessage {}

  private record Verified(Publish publish) implements Command, LocalMessage {}

  private record Broken(String deed, WeightUpdate update, Throwable cause)
      implements Command, LocalMessage {}

  private record Retired(PolicyVersion version) implements Command, LocalMessage {}

  private record WorkerGone(String worker) implements Command, LocalMessage {}

  /** Time to look whether anybody owes an answer. */
  private record Look() implements Command, LocalMessage {}

  /**
   * What a worker runs and what it was offered; nothing of either before its first answer.
   *
   * @param evaluates whether it wants the version under evaluation, not the newest
   * @param looks how often it was looked at since the offer
   */
  private record Holding(
      ActorRef<RolloutWorker.Command> ref,
      boolean evaluates,
      @Nullable PolicyVersion active,
      @Nullable PolicyVersion offered,
      int looks) {
    boolean needs(PolicyVersion version) {
      return version.equals(active) || version.equals(offered);
    }

    Holding with(
        @Nullable PolicyVersion nowActive, @Nullable PolicyVersion nowOffered, int looked) {
      return new Holding(ref, evaluates, nowActive, nowOffered, looked);
    }
  }

  private static final Duration LOOK_EVERY =
      Duration.ofSeconds(1); // a lost offer costs a worker no more than a few of these

  private static final int PATIENCE = 5; // looks before an offer is made again

  private static final int KEPT =
      2; // the newest, and the one before it for a worker that joins while both change

  private final ActorContext<Command> context;
  private final WeightVerifier verifier;
  private final Executor blocking;
  private final Queue<Publish> unverified = new ArrayDeque<>(); // its head is being verified
  private final TreeMap<PolicyVersion, WeightUpdate> announced = new TreeMap<>();
  private final Map<String, Holding> holdings = new TreeMap<>();
  private final Optional<WeightTransport> transport;
  private final HolderDesk holders;
  private @Nullable PolicyVersion evaluating;
  private boolean adopting;

  private ParameterServer(
      ActorContext<Command> context,
      WeightVerifier verifier,
      Executor blocking,
      Optional<WeightTransport> transport) {
    this.context = context;
    this.verifier = verifier;
    this.blocking = blocking;
    this.transport = transport;
    this.holders = new HolderDesk(transport.map(WeightTransport::address).orElse(""));
  }

  /** A server without any version. */
  static Behavior<Command> create(WeightVerifier verifier) {
    return create(verifier, Optional::empty);
  }

  /**
   * A server without any version.
   *
   * @param transports opens the bulk plane of this node, closed by the server; empty where every
   *     worker reads the files that the learner writes
   */
  public static Behavior<Command> create(
      WeightVerifier verifier, Supplier<Optional<WeightTransport>> transports) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  Executor blocking = KritesRun.blocking(context);
                  timers.startTimerWithFixedDelay(new Look(), LOOK_EVERY);
                  var server =
                      new ParameterServer(
                          context,
                          verifier,
                          blocking,
                          PartFailure.guard("weight transport", transports));
                  return server.running();
                }));
  }

  private Behavior<Command> running() {
    return Behaviors.<Command>receive(
        (_, command) ->
            switch (command) {
              case Publish publish -> onPublish(publish);
              case Verified(Publish publish) -> onVerified(publish);
              case WorkerJoined(
                      String worker,
                      RolloutWorker.Duty duty,
                      ActorRef<RolloutWorker.Command> ref) ->
                  onWorkerJoined(worker, duty, ref);
              case Evaluate(PolicyVersion version, ActorRef<Orchestrator.Command> replyTo) ->
                  onEvaluate(version, replyTo);
              case WeightsActive(String worker, PolicyVersion version) ->
                  onWeightsActive(worker, version);
              case WorkerGone(String worker) -> onWorkerGone(worker);
              case Retired(PolicyVersion version) -> onRetired(version);
              case HolderReport report -> onHolderReport(report);
              case HolderGone(String node, ActorRef<WeightHolder.Command> ref) ->
                  onHolderGone(node, ref);
              case Offered(WeightOffer offer) -> onOffered(offer);
              case Adopted(WeightOffer offer) -> onAdopted(offer);
              case NotAdopted(WeightOffer offer, String reason) -> onNotAdopted(offer, reason);
              case Look() -> onLook();
              case Broken(String deed, WeightUpdate update, Throwable cause) ->
                  throw new IllegalStateException(
                      "weights of "
                          + update.version()
                          + " at "
                          + update.location()
                          + " could not be "
                          + deed
                          + ": "
                          + Reasons.of(cause),
                      cause);
            },
        (_, signal) -> {
          if (signal instanceof PostStop) {
            transport.ifPresent(WeightTransport::close);
          }
          return Behaviors.same();
        });
  }

  /** A version that is known already is only told of again; an older one is refused. */
  private Behavior<Command> onPublish(Publish publish) {
    WeightUpdate update = publish.update();
    PolicyVersion version = update.version();
    if (announced.containsKey(version)) {
      publish.replyTo().tell(new Orchestrator.Announced(update));
    } else if (!announced.isEmpty() && version.compareTo(announced.lastKey()) < 0) {
      context.getLog().warn("{} comes after {} and is refused", version, announced.lastKey());
    } else if (unverified.stream().noneMatch(other -> other.update().version().equals(version))) {
      unverified.add(publish);
      if (unverified.size() == 1) {
        verify(publish);
      }
    }
    return Behaviors.same();
  }

  /** Offers that were not answered are made again, as they were: they may have been lost. */
  private Behavior<Command> onLook() {
    for (String worker : List.copyOf(holdings.keySet())) {
      Holding holding = holdings.get(worker);
      PolicyVersion offered = holding == null ? null : holding.offered();
      if (holding != null && offered != null) {
        boolean again = (holding.looks() + 1) % PATIENCE == 0;
        WeightUpdate offer = announced.get(offered);
        holdings.put(worker, holding.with(holding.active(), offered, holding.looks() + 1));
        if (again && offer != null) {
          holding.ref().tell(new RolloutWorker.UpdateWeights(offer));
        }
      }
    }
    adopt();
    return Behaviors.same();
  }

  /** One at a time, so that versions are announced in the order in which they were published. */
  private void verify(Publish publish) {
    WeightUpdate update = publish.update();
    context.pipeToSelf(
        CompletableFuture.runAsync(() -> verifier.verify(update), blocking),
        (done, failure) ->
            failure == null
                ? new Verified(publish)
                : new Broken("verified", update, Reasons.unwrap(failure)));
  }

  private Behavior<Command> onVerified(Publish publish) {
    WeightUpdate update = publish.update();
    if (!announced.isEmpty() && update.version().compareTo(announced.lastKey()) <= 0) {
      // Taken over from a node while it was verified: it is told of, or it is too late.
      verifyNext();
      return onPublish(publish);
    }
    announced.put(update.version(), update);
    publish.replyTo().tell(new Orchestrator.Announced(update));
    holdings.keySet().forEach(this::offer);
    retireUnused();
    transport.ifPresentOrElse(bulk -> offer(bulk, update), this::verifyNext);
    return Behaviors.same();
  }

  private void verifyNext() {
    unverified.remove();
    if (!unverified.isEmpty()) {
      verify(unverified.element());
    }
  }

  // --- other nodes
  // ------------------------------------------------------------------------------------------

  /** Before the next is verified, so that the version before it is still here to compare with. */
  private void offer(WeightTransport bulk, WeightUpdate update) {
    Optional<WeightUpdate> base =
        Optional.ofNullable(announced.lowerEntry(update.version())).map(Map.Entry::getValue);
    context.pipeToSelf(
        CompletableFuture.supplyAsync(() -> bulk.offer(update, base), blocking),
        (offer, failure) ->
            failure == null
                ? new Offered(offer)
                : new Broken("offered", update, Reasons.unwrap(failure)));
  }

  private Behavior<Command> onOffered(WeightOffer offer) {
    holders.offered(offer);
    verifyNext();
    return Behaviors.same();
  }

  private Behavior<Command> onHolderReport(HolderReport report) {
    if (holders.heard(report, announced::containsKey)) {
      context.watchWith(report.ref(), new HolderGone(report.node(), report.ref()));
    }
    retireUnused(); // what it fetched, it has by now
    return Behaviors.same();
  }

  private Behavior<Command> onHolderGone(String node, ActorRef<WeightHolder.Command> ref) {
    holders.gone(node, ref);
    retireUnused();
    return Behaviors.same();
  }

  /**
   * A server that has no version, because the one before it died, takes the newest that a node
   * holds. What the learner publishes meanwhile or later is newer, or of a newer term.
   */
  private void adopt() {
    Optional<WeightOffer> left = holders.newestHeld();
    if (adopting || !announced.isEmpty() || !unverified.isEmpty() || left.isEmpty()) {
      return;
    }
    WeightOffer offer = left.get();
    WeightTransport bulk = transport.orElseThrow();
    var route = new WeightTransport.Route(holders.holdersOf(offer), List.of());
    adopting = true;
    context.pipeToSelf(
        CompletableFuture.supplyAsync(() -> bulk.fetch(offer, route), blocking),
        (_, failure) ->
            failure == null
                ? new Adopted(offer)
                : new NotAdopted(offer, Reasons.of(Reasons.unwrap(failure))));
  }

  private Behavior<Command> onAdopted(WeightOffer offer) {
    adopting = false;
    PolicyVersion version = offer.version();
    if (announced.isEmpty() || version.compareTo(announced.lastKey()) > 0) {
      context.getLog().info("{} was taken over from the nodes that hold it", version);
      announced.put(version, offer.update());
      holders.offered(offer);
      holdings.keySet().forEach(this::offer);
    }
    return Behaviors.same();
  }

  /** The next look tries again. */
  private Behavior<Command> onNotAdopted(WeightOffer offer, String reason) {
    adopting = false;
    context.getLog().warn("{} could not be taken over: {}", offer.version(), reason);
    return Behaviors.same();
  }

  // --- workers
  // ----------------------------------------------------------------------------------------------

  private Behavior<Command> onWorkerJoined(
      String worker, RolloutWorker.Duty duty, ActorRef<RolloutWorker.Command> ref) {
    Holding known = holdings.get(worker);
    if (known == null || !known.ref().equals(ref)) {
      boolean evaluates = duty == RolloutWorker.Duty.EVALUATION;
      holdings.put(worker, new Holding(ref, evaluates, null, null, 0));
      context.watchWith(ref, new WorkerGone(worker));
    } else if (known.offered() != null) {
      // The offer was lost, or is on its way and will be taken: it stays the one that is kept.
      WeightUpdate offer = Optional.ofNullable(announced.get(known.offered())).orElseThrow();
      ref.tell(new RolloutWorker.UpdateWeights(offer));
    }
    offer(worker);
    return Behaviors.same();
  }

  private Behavior<Command> onWeightsActive(String worker, PolicyVersion version) {
    holdings.computeIfPresent(worker, (name, holding) -> holding.with(version, null, 0));
    offer(worker);
    retireUnused();
    return Behaviors.same();
  }

  private Behavior<Command> onWorkerGone(String worker) {
    holdings.remove(worker);
    retireUnused();
    return Behaviors.same();
  }

  private Behavior<Command> onRetired(PolicyVersion version) {
    context.getLog().debug("weights of {} are gone", version);
    return Behaviors.same();
  }

  /** A worker that is busy taking over one version is offered the next when it has answered. */
  private void offer(String worker) {
    Holding holding = holdings.get(worker);
    if (holding == null || holding.offered() != null || announced.isEmpty()) {
      return;
    }
    WeightUpdate wanted = holding.evaluates() ? evaluated() : announced.lastEntry().getValue();
    if (wanted != null && !wanted.version().equals(holding.active())) {
      holdings.replace(worker, holding.with(holding.active(), wanted.version(), 0));
      holding.ref().tell(new RolloutWorker.UpdateWeights(wanted));
    }
  }

  /** The version under evaluation, once it is announced. */
  private @Nullable WeightUpdate evaluated() {
    return evaluating == null ? null : announced.get(evaluating);
  }

  /** A version that is gone cannot be kept: whoever asks for it so late is not answered. */
  private Behavior<Command> onEvaluate(
      PolicyVersion version, ActorRef<Orchestrator.Command> replyTo) {
    boolean comes = announced.isEmpty() || version.compareTo(announced.lastKey()) > 0;
    boolean late = evaluating != null && version.compareTo(evaluating) < 0;
    if (late || !comes && !announced.containsKey(version)) {
      context.getLog().warn("{} is to be evaluated too late", version);
      return Behaviors.same();
    }
    evaluating = version;
    replyTo.tell(new Orchestrator.KeptForEval(version));
    holdings.keySet().forEach(this::offer);
    retireUnused();
    return Behaviors.same();
  }

  private void retireUnused() {
    List<WeightUpdate> old =
        announced.values().stream().limit(Math.max(0, announced.size() - KEPT)).toList();
    for (WeightUpdate update : old) {
      PolicyVersion version = update.version();
      if (!version.equals(evaluating)
          && !holders.needs(version)
          && holdings.values().stream().noneMatch(holding -> holding.needs(version))) {
        announced.remove(version);
        retire(update);
      }
    }
  }

  private void retire(WeightUpdate update) {
    context.pipeToSelf(
        CompletableFuture.runAsync(
            () -> {
              transport.ifPresent(bulk -> bulk.retire(update));
              verifier.retire(update);
            },
            blocking),
        (done, failure) ->
            failure == null
                ? new Retired(update.version())
                : new Broken("removed", update, Reasons.unwrap(failure)));
  }
}
