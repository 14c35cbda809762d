package krites.actors;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightVerifier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/**
 * Owns the published versions.
 *
 * <p>It promises that a version is announced only after its weights were read back and verified,
 * that versions are announced in rising order and an older term never, that a worker is offered one
 * version at a time, always the newest, and that the weights a worker runs or was offered are kept,
 * the newest two in any case. It does not know what weights are. Weights that cannot be verified,
 * or removed, end the run.
 */
public final class ParameterServer {
  /** What it understands. */
  public sealed interface Command {}

  /** A version is completely written. */
  public record Publish(WeightUpdate update) implements Command, ControlMessage {}

  /** A rollout worker wants the newest version, and all later ones. */
  public record WorkerJoined(String worker, ActorRef<RolloutWorker.Command> ref)
      implements Command, ControlMessage {}

  /** A worker's next token comes from this version. */
  public record WeightsActive(String worker, PolicyVersion version)
      implements Command, ControlMessage {}

  private record Verified(WeightUpdate update) implements Command, LocalMessage {}

  private record Broken(String deed, WeightUpdate update, Throwable cause)
      implements Command, LocalMessage {}

  private record Retired(PolicyVersion version) implements Command, LocalMessage {}

  private record WorkerGone(String worker) implements Command, LocalMessage {}

  /** What a worker runs and what it was offered; nothing of either before its first answer. */
  private record Holding(
      ActorRef<RolloutWorker.Command> ref,
      @Nullable PolicyVersion active,
      @Nullable PolicyVersion offered) {
    boolean needs(PolicyVersion version) {
      return version.equals(active) || version.equals(offered);
    }
  }

  private static final int KEPT =
      2; // the newest, and the one before it for a worker that joins while both change

  private final ActorContext<Command> context;
  private final WeightVerifier verifier;
  private final Executor blocking;
  private final ActorRef<Orchestrator.Command> orchestrator;
  private final Queue<WeightUpdate> unverified = new ArrayDeque<>(); // its head is being verified
  private final TreeMap<PolicyVersion, WeightUpdate> announced = new TreeMap<>();
  private final Map<String, Holding> holdings = new TreeMap<>();

  private ParameterServer(
      ActorContext<Command> context,
      WeightVerifier verifier,
      Executor blocking,
      ActorRef<Orchestrator.Command> orchestrator) {
    this.context = context;
    this.verifier = verifier;
    this.blocking = blocking;
    this.orchestrator = orchestrator;
  }

  /** A server that tells the orchestrator about every announced version. */
  static Behavior<Command> create(
      WeightVerifier verifier, ActorRef<Orchestrator.Command> orchestrator) {
    return Behaviors.setup(
        context -> {
          Executor blocking =
              context
                  .getSystem()
                  .dispatchers()
                  .lookup(DispatcherSelector.fromConfig(KritesRun.FILE_DISPATCHER));
          return new ParameterServer(context, verifier, blocking, orchestrator).running();
        });
  }

  private Behavior<Command> running() {
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case Publish(WeightUpdate update) -> onPublish(update);
              case Verified(WeightUpdate update) -> onVerified(update);
              case WorkerJoined(String worker, ActorRef<RolloutWorker.Command> ref) ->
                  onWorkerJoined(worker, ref);
              case WeightsActive(String worker, PolicyVersion version) ->
                  onWeightsActive(worker, version);
              case WorkerGone(String worker) -> onWorkerGone(worker);
              case Retired(PolicyVersion version) -> onRetired(version);
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
            });
  }

  private Behavior<Command> onPublish(WeightUpdate update) {
    unverified.add(update);
    if (unverified.size() == 1) {
      verify(update);
    }
    return Behaviors.same();
  }

  /** One at a time, so that versions are announced in the order in which they were published. */
  private void verify(WeightUpdate update) {
    context.pipeToSelf(
        CompletableFuture.runAsync(() -> verifier.verify(update), blocking),
        (done, failure) ->
            failure == null
                ? new Verified(update)
                : new Broken("verified", update, unwrap(failure)));
  }

  private Behavior<Command> onVerified(WeightUpdate update) {
    if (!announced.isEmpty() && update.version().compareTo(announced.lastKey()) <= 0) {
      throw new IllegalStateException(
          update.version() + " was published after " + announced.lastKey() + " was announced");
    }
    announced.put(update.version(), update);
    orchestrator.tell(new Orchestrator.Announced(update));
    holdings.keySet().forEach(this::offerNewest);
    retireUnused();
    unverified.remove();
    if (!unverified.isEmpty()) {
      verify(unverified.element());
    }
    return Behaviors.same();
  }

  private Behavior<Command> onWorkerJoined(String worker, ActorRef<RolloutWorker.Command> ref) {
    Holding known = holdings.get(worker);
    if (known == null || !known.ref().equals(ref)) {
      holdings.put(worker, new Holding(ref, null, null));
      context.watchWith(ref, new WorkerGone(worker));
    } else if (known.offered() != null) {
      // The offer was lost, or is on its way and will be taken: it stays the one that is kept.
      WeightUpdate offer = Optional.ofNullable(announced.get(known.offered())).orElseThrow();
      ref.tell(new RolloutWorker.UpdateWeights(offer));
    }
    offerNewest(worker);
    return Behaviors.same();
  }

  private Behavior<Command> onWeightsActive(String worker, PolicyVersion version) {
    holdings.computeIfPresent(worker, (name, holding) -> new Holding(holding.ref(), version, null));
    offerNewest(worker);
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
  private void offerNewest(String worker) {
    Holding holding = holdings.get(worker);
    if (holding == null || holding.offered() != null || announced.isEmpty()) {
      return;
    }
    WeightUpdate newest = announced.lastEntry().getValue();
    if (!newest.version().equals(holding.active())) {
      holdings.replace(worker, new Holding(holding.ref(), holding.active(), newest.version()));
      holding.ref().tell(new RolloutWorker.UpdateWeights(newest));
    }
  }

  private void retireUnused() {
    List<WeightUpdate> old =
        announced.values().stream().limit(Math.max(0, announced.size() - KEPT)).toList();
    for (WeightUpdate update : old) {
      if (holdings.values().stream().noneMatch(holding -> holding.needs(update.version()))) {
        announced.remove(update.version());
        retire(update);
      }
    }
  }

  private void retire(WeightUpdate update) {
    context.pipeToSelf(
        CompletableFuture.runAsync(() -> verifier.retire(update), blocking),
        (done, failure) ->
            failure == null
                ? new Retired(update.version())
                : new Broken("removed", update, unwrap(failure)));
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }
}
