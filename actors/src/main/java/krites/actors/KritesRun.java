package krites.actors;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/** Starts runs: one actor system each, in this process. */
public final class KritesRun {
  /** One thread for each actor that owns a device. */
  static final String DEVICE_DISPATCHER = "krites.actors.device-dispatcher";

  /** Threads that may block on files. */
  static final String FILE_DISPATCHER = "krites.actors.file-dispatcher";

  /** Threads for rewards, which may block, and for ever. */
  static final String REWARD_DISPATCHER = "krites.actors.reward-dispatcher";

  /** Threads for actors that only pass messages on. */
  static final String FLOW_DISPATCHER = "krites.actors.flow-dispatcher";

  /** The settings of the actor system, as a resource; each has a comment. */
  static final String RESOURCE = "krites-actors.conf";

  private static final long CLOSE_SECONDS =
      5; // for engines that are in the middle of a step when the run has ended

  private KritesRun() {}

  /**
   * Starts a run.
   *
   * @param settings what the run does
   * @param parts the rooms behind the ports
   * @param overrides keys of {@code pekko} and {@code krites.actors} that differ from {@code
   *     krites-actors.conf}; not a whole loaded configuration, whose reference values would win
   *     over ours
   */
  public static RunHandle start(RunSettings settings, RunParts parts, Config overrides) {
    CompletableFuture<RunOutcome> decided = new CompletableFuture<>();
    ActorSystem<RunSupervisor.Command> system = open(settings, parts, overrides, decided::complete);
    CompletableFuture<RunOutcome> outcome = new CompletableFuture<>();
    decided.whenComplete(
        (known, failure) ->
            CompletableFuture.delayedExecutor(CLOSE_SECONDS, TimeUnit.SECONDS)
                .execute(() -> outcome.complete(known)));
    system
        .getWhenTerminated()
        .whenComplete(
            (done, failure) -> {
              decided.complete(
                  new RunOutcome.Failed(
                      "the actors ended early", Optional.empty(), Optional.empty()));
              outcome.complete(decided.join());
            });
    return new Handle(outcome, system);
  }

  /**
   * Opens the actor system of a run and leaves the waiting to the caller: with overrides that
   * replace the dispatchers and the scheduler, nothing of the run needs a thread or a clock of its
   * own.
   *
   * @param decide is told the outcome once, by the actor that decides it
   */
  public static ActorSystem<RunSupervisor.Command> open(
      RunSettings settings, RunParts parts, Config overrides, Consumer<RunOutcome> decide) {
    return ActorSystem.create(
        RunSupervisor.create(settings, parts, OwnHosts.INSTANCE, decide),
        "krites",
        config(overrides.withFallback(rewardThreads(settings))));
  }

  /** All dispatchers of a run by their paths, for whoever replaces them. */
  public static List<String> dispatchers() {
    return List.of(DEVICE_DISPATCHER, FILE_DISPATCHER, REWARD_DISPATCHER, FLOW_DISPATCHER);
  }

  /** Every reward worker of the run, replacements included, may block a thread for ever. */
  private static Config rewardThreads(RunSettings settings) {
    RunSettings.Workers workers = settings.workers();
    int threads = workers.reward() * (1 + workers.recoveries()) + workers.restarts();
    return ConfigFactory.parseMap(
        Map.of(REWARD_DISPATCHER + ".thread-pool-executor.fixed-pool-size", threads),
        "reward workers and restarts of the run");
  }

  /** Threads for calls of an actor that may block on files. */
  static Executor blocking(ActorContext<?> context) {
    return context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig(FILE_DISPATCHER));
  }

  /** The configuration of the actor system: overrides, then ours, then Pekko's. */
  static Config config(Config overrides) {
    ClassLoader loader = KritesRun.class.getClassLoader();
    return overrides
        .withFallback(ConfigFactory.parseResources(loader, RESOURCE))
        .withFallback(ConfigFactory.defaultReference(loader))
        .resolve();
  }

  private record Handle(
      CompletionStage<RunOutcome> outcome, ActorSystem<RunSupervisor.Command> system)
      implements RunHandle {
    @Override
    public void stop() {
      system.tell(new RunSupervisor.Stop());
    }
  }
}
