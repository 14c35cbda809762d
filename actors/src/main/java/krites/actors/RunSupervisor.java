package krites.actors;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import krites.actors.Crew.Kind;
import krites.actors.Crew.Role;
import krites.actors.Crew.Vital;
import krites.actors.Crew.Worker;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.flow.LiveSetting;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.record.RunSummary;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * The root of a run: spawns every actor, replaces rollout workers, evaluators and reward workers
 * that died, and turns everything else that dies into the end of the run.
 *
 * <p>Every child stops at its first exception. A worker is replaced by a new actor with a new name,
 * so that nothing meant for the old one can reach it; what the old one held is the orchestrator's
 * business. A learner that died is replaced once, together with all others, from the last
 * checkpoint, where the run's parts say how. It promises that the outcome is decided exactly once,
 * and within seconds of a stop or a failure.
 */
public final class RunSupervisor {
  /** What it understands. */
  public sealed interface Command {}

  /** End the run early, with a checkpoint. */
  public record Stop() implements Command, ControlMessage {}

  /**
   * The orchestrator has ended the run.
   *
   * @param reason why it failed; empty when it did not
   * @param checkpoint where the last checkpoint lies
   */
  public record RunEnded(RunSummary summary, String reason, Optional<String> checkpoint)
      implements Command, ControlMessage {}

  /** Somebody hangs: a worker is replaced, for anybody else the run goes back to its checkpoint. */
  record Restart(String role, String why) implements Command, LocalMessage {}

  /** A worker has handed back its groups and may go. */
  record Drained(String worker) implements Command, LocalMessage {}

  /** A setting was changed while the run goes on. */
  record Changed(LiveSetting setting) implements Command, LocalMessage {}

  /** Everything was written down. */
  public record Recorded() implements Command, ControlMessage {}

  /** Other nodes host the actors of the run from now on. */
  record HostsChanged(Hosts hosts) implements Command, LocalMessage {}

  /** A hosted actor that was stopped is gone; or nobody knew it. */
  public record Dismissed(String actor) implements Command, ControlMessage {}

  private record Replace(Worker worker) implements Command, LocalMessage {}

  private record Recovered(Optional<RunParts.Recovery> recovery) implements Command, LocalMessage {}

  private record RecoveryFailed(Throwable cause) implements Command, LocalMessage {}

  private record Deadline() implements Command, LocalMessage {}

  /** The references that workers need. */
  private record Team(
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      ActorRef<Recorder.Command> recorder) {}

  /** Names in reports of who waits for whom. */
  static final String LEARNER = "learner";

  static final String PARAMETER_SERVER = "parameter-server";

  private static final String MEMBER = "learner-member-";

  private static final Duration PATIENCE = Duration.ofSeconds(2); // for answers that need no work
  private static final Duration EMPTYING =
      Duration.ofSeconds(10); // for what is in the middle of a step; workers that hang never end
  private static final Duration RECORDING =
      Duration.ofSeconds(5); // for files that are still being written
  private static final Duration BREATH = Duration.ofMillis(100); // before a dead worker is replaced
  private static final Duration MEMBERS_WITHIN =
      Duration.ofSeconds(30); // for nodes of members to come, or come again; then without them
  private static final String DEADLINE = "deadline of members";
  private static final String RECORDER = "recorder";
  private static final String CONTROL = "control-desk";

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private RunSettings settings;
  private final RunParts parts;
  private Hosts hosts;
  private final Consumer<RunOutcome> decide;
  private final Past past;
  private final Crew crew = new Crew();
  private final Map<String, String> dismissing =
      new HashMap<>(); // hosted actors that may still be there, and their nodes
  private int replaced;
  private boolean enoughWaited; // for nodes of members of the learner

  /**
   * What came before.
   *
   * @param life how often the run went back to a checkpoint
   * @param recoveries those of them that count against the limit
   * @param replaced workers
   */
  private record Past(int life, int recoveries, int replaced) {
    static final Past NOTHING = new Past(0, 0, 0);
  }

  private RunSupervisor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      RunSettings settings,
      RunParts parts,
      Hosts hosts,
      Consumer<RunOutcome> decide,
      Past past) {
    this.context = context;
    this.timers = timers;
    this.settings = settings;
    this.parts = parts;
    this.hosts = hosts;
    this.decide = decide;
    this.past = past;
    this.replaced = past.replaced();
  }

  /** The guardian of a run. {@code decide} is told the outcome once. */
  static Behavior<Command> create(
      RunSettings settings, RunParts parts, Hosts hosts, Consumer<RunOutcome> decide) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new RunSupervisor(context, timers, settings, parts, hosts, decide, Past.NOTHING)
                        .begin()));
  }

  // --- waiting for hosts
  // ----------------------------------------------------------------------------------------

  private Behavior<Command> begin() {
    if (hosts.missing().isEmpty() && (enoughWaited || !lacksMembers())) {
      timers.cancelAll();
      return spawnAll();
    }
    if (hosts.missing().isEmpty() && !timers.isTimerActive(DEADLINE)) {
      timers.startSingleTimer(DEADLINE, new Deadline(), MEMBERS_WITHIN);
    }
    String missing =
        hosts.missing().isEmpty()
            ? "all members of the learner"
            : Hosts.Part.names(hosts.missing());
    context.getLog().info("the run waits for nodes that host {}", missing);
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case HostsChanged(Hosts other) -> {
                hosts = other;
                yield begin();
              }
              case Stop() ->
                  finish(
                      new RunOutcome.Failed(
                          "it was stopped while it waited for nodes that host " + missing,
                          none(),
                          none()));
              case Deadline() -> {
                enoughWaited = true;
                yield begin();
              }
              case RunEnded _,
                  Recorded _,
                  Replace _,
                  Restart _,
                  Drained _,
                  Changed _,
                  Dismissed _,
                  Recovered _,
                  RecoveryFailed _ ->
                  Behaviors.same();
            });
  }

  /** Whether members of the learner have no node yet, in a cluster. */
  private boolean lacksMembers() {
    return hosts.elsewhere()
        && hosts.learners(settings.workers().members()).size() < settings.workers().members();
  }

  // --- spawning
  // ------------------------------------------------------------------------------------------------

  private Behavior<Command> spawnAll() {
    ActorRef<Recorder.Command> recorder =
        spawn(
            new Vital(RECORDER, ""), Recorder.create(parts.recorder()), KritesRun.FILE_DISPATCHER);
    String params = hosts.of(Hosts.Part.PARAMS).getFirst();
    ActorRef<ParameterServer.Command> parameterServer =
        spawn(
            new Vital(PARAMETER_SERVER, params),
            hosts.parameterServer(place(params, PARAMETER_SERVER), parts),
            KritesRun.FLOW_DISPATCHER);
    ActorRef<Orchestrator.Command> orchestrator =
        spawn(
            new Vital(Orchestrator.NAME, ""),
            Orchestrator.create(
                settings,
                parts,
                new Orchestrator.Team(parameterServer, recorder, context.getSelf())),
            KritesRun.FLOW_DISPATCHER);
    spawn(
        new Vital(CONTROL, ""),
        ControlDesk.create(parts.inbox(), orchestrator),
        KritesRun.FILE_DISPATCHER);
    spawnLearner(orchestrator, parameterServer);
    var team = new Team(orchestrator, parameterServer, recorder);
    staff(team);
    return running(team);
  }

  /** The learner, with its other members where it has some. */
  private void spawnLearner(
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer) {
    List<String> nodes = hosts.learners(settings.workers().members());
    Hosts.Place leads = place(nodes.getFirst(), LEARNER);
    ActorRef<Learner.Command> learner =
        spawn(
            new Vital(LEARNER, leads.node()),
            hosts.learner(leads, settings, parts, nodes.size(), orchestrator, parameterServer),
            hosts.elsewhere() ? KritesRun.FLOW_DISPATCHER : KritesRun.DEVICE_DISPATCHER);
    for (int rank = 1; rank < nodes.size(); rank++) {
      Vital member = new Vital(MEMBER + rank, nodes.get(rank));
      spawn(
          member,
          hosts.learnerMember(place(member.node(), member.name()), settings, rank, learner),
          KritesRun.FLOW_DISPATCHER);
    }
  }

  /** Every node has the workers that it is to have, or more, and the run its evaluators. */
  private void staff(Team team) {
    for (String node : hosts.of(Hosts.Part.ROLLOUT)) {
      for (int i = crew.count(Kind.ROLLOUT, node); i < wantedRolloutWorkers(); i++) {
        spawnWorker(team, crew.fresh(Kind.ROLLOUT, node));
      }
    }
    staffEvaluators(team, hosts.of(Hosts.Part.ROLLOUT));
    for (String node : hosts.of(Hosts.Part.REWARD)) {
      if (crew.workers(Kind.REWARD, node).findAny().isEmpty()) {
        for (int i = 0; i < settings.workers().reward(); i++) {
          spawnWorker(team, crew.fresh(Kind.REWARD, node));
        }
      }
    }
  }

  /** Evaluators are spread over the nodes of rollout workers, as many as the run is to have. */
  private void staffEvaluators(Team team, List<String> nodes) {
    for (int i = crew.count(Kind.EVALUATOR);
        i < settings.workers().evaluators() && !nodes.isEmpty();
        i++) {
      String emptiest =
          nodes.stream()
              .min(Comparator.comparingInt(node -> crew.count(Kind.EVALUATOR, node)))
              .orElseThrow();
      spawnWorker(team, crew.fresh(Kind.EVALUATOR, emptiest));
    }
  }

  private void spawnWorker(Team team, Worker worker) {
    Hosts.Place place = place(worker.node(), worker.name());
    if (worker.kind().samples()) {
      boolean evaluates = worker.kind() == Kind.EVALUATOR;
      spawn(
          worker,
          hosts.rolloutWorker(
              place,
              worker.name(),
              evaluates ? RolloutWorker.Duty.EVALUATION : RolloutWorker.Duty.TRAINING,
              worker.index(),
              worker.seat(),
              parts,
              team.orchestrator(),
              team.parameterServer(),
              evaluates ? WeightUpdateMode.FINISH : settings.asynchrony().weightUpdate()),
          hosts.elsewhere() ? KritesRun.FLOW_DISPATCHER : KritesRun.DEVICE_DISPATCHER);
    } else {
      spawn(
          worker,
          hosts.rewardWorker(place, worker.name(), parts, team.orchestrator()),
          hosts.elsewhere() ? KritesRun.FLOW_DISPATCHER : KritesRun.REWARD_DISPATCHER);
    }
  }

  private Hosts.Place place(String node, String role) {
    return new Hosts.Place(node, actorName(role), context.getSelf());
  }

  private String actorName(String role) {
    return past.life() == 0 ? role : role + "-life-" + past.life();
  }

  /**
   * Spawns a child that stops at its first exception and tells it here. That is what an actor does
   * without a strategy; {@code SupervisorStrategy.stop()} would do the same, but loses the
   * exception of a child that cannot start.
   */
  private <M> ActorRef<M> spawn(Role role, Behavior<M> behavior, String dispatcher) {
    ActorRef<M> ref =
        context.spawn(behavior, actorName(role.name()), DispatcherSelector.fromConfig(dispatcher));
    context.watch(ref);
    crew.add(ref, role);
    return ref;
  }

  // --- running
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> running(Team team) {
    return Behaviors.<Command>receive(
        (ctx, command) ->
            switch (command) {
              case Stop() -> onStop(team);
              case RunEnded ended -> record(team, outcome(ended), ended.summary());
              case Replace(Worker worker) -> onReplace(team, worker);
              case Restart(String role, String why) -> onRestart(team, role, why);
              case Drained(String worker) -> onDrained(worker);
              case Changed(LiveSetting setting) -> onChanged(team, setting);
              case HostsChanged(Hosts other) -> onHostsChanged(team, other);
              case Dismissed _ -> Behaviors.same();
              case Deadline() ->
                  finish(new RunOutcome.Failed("the run did not stop in time", none(), none()));
              case Recorded _, Recovered _, RecoveryFailed _ -> Behaviors.unhandled();
            },
        (ctx, signal) -> signal instanceof Terminated gone ? onGone(team, gone) : Behaviors.same());
  }

  private Behavior<Command> onStop(Team team) {
    team.orchestrator().tell(new Orchestrator.Stop());
    Patience patience = settings.patience();
    timers.startSingleTimer(
        new Deadline(), patience.evalWithin().plus(patience.stopWithin()).plus(PATIENCE));
    return Behaviors.same();
  }

  private Behavior<Command> onGone(Team team, Terminated gone) {
    Throwable cause =
        gone instanceof ChildFailed failed
            ? Reasons.causeOf(failed)
            : new IllegalStateException("it ended by itself");
    Role role = crew.remove(gone.getRef());
    return switch (role) {
      case null -> Behaviors.same();
      case Worker worker -> onWorkerGone(team, worker, cause);
      case Vital(String name, String _) when mayRecover(name, cause) -> recover(name, cause);
      case Vital(String name, String _) ->
          fail(team, name, name + " failed: " + Reasons.of(cause), cause);
    };
  }

  private Behavior<Command> onWorkerGone(Team team, Worker worker, Throwable cause) {
    if (cause instanceof HostLost) {
      crew.hasLeft(worker.name());
      context.getLog().warn("{} is lost: {}", worker.name(), cause.getMessage());
      staffEvaluators(team, others(worker.node())); // it may have been one
      return Behaviors.same();
    }
    String reason = worker.name() + " failed: " + Reasons.of(cause);
    if (cause instanceof PartFailure) {
      return fail(team, worker.name(), reason, cause);
    }
    return replace(team, worker, reason, cause);
  }

  private Behavior<Command> replace(Team team, Worker worker, String reason, Throwable cause) {
    if (crew.hasLeft(worker.name())) {
      context.getLog().warn("{}; it was to leave", reason);
      return Behaviors.same();
    }
    if (replaced == settings.workers().restarts()) {
      return fail(
          team, worker.name(), reason + " (" + replaced + " workers were replaced before)", cause);
    }
    replaced++;
    Worker next = worker.next();
    crew.setReplacing(next);
    context.getLog().warn("{}; it is replaced", reason);
    timers.startSingleTimer(worker.name(), new Replace(next), BREATH);
    return Behaviors.same();
  }

  /** Nodes of rollout workers but one, which the hosts need not have heard of being gone. */
  private List<String> others(String gone) {
    return hosts.of(Hosts.Part.ROLLOUT).stream().filter(node -> !node.equals(gone)).toList();
  }

  /**
   * A replacement is not needed when there are to be fewer workers by now, nor where nobody hosts
   * them any more; an evaluator then comes elsewhere.
   */
  private Behavior<Command> onReplace(Team team, Worker worker) {
    crew.hasCome(worker);
    boolean wanted =
        worker.kind() != Kind.ROLLOUT
            || crew.count(Kind.ROLLOUT, worker.node()) < wantedRolloutWorkers();
    if (wanted && hosts.of(worker.kind().part()).contains(worker.node())) {
      spawnWorker(team, worker);
    } else {
      staffEvaluators(team, others(worker.node()));
    }
    return Behaviors.same();
  }

  // --- hosts
  // --------------------------------------------------------------------------------------------------

  /**
   * New nodes get their workers; those that are leaving hand back what theirs hold. A learner or a
   * parameter server goes on elsewhere, from the last checkpoint.
   */
  private Behavior<Command> onHostsChanged(Team team, Hosts other) {
    hosts = other;
    for (Role role : crew.roles()) {
      switch (role) {
        case Worker worker -> {
          if (hosts.leaving(worker.node()) && !crew.isLeaving(worker)) {
            release(team, worker);
          }
        }
        case Vital(String name, String node) -> {
          Hosts.Part part = isOfLearner(name) ? Hosts.Part.LEARNER : Hosts.Part.PARAMS;
          if (!node.isEmpty() && hosts.leaving(node)) {
            var cause = HostLost.leaving(node, part.toString());
            return mayRecover(name, cause)
                ? recover(name, cause)
                : fail(team, name, Reasons.of(cause), cause);
          }
        }
      }
    }
    staff(team);
    return Behaviors.same();
  }

  private void release(Team team, Worker worker) {
    if (worker.kind().samples()) {
      crew.setLeaving(worker);
      team.orchestrator().tell(new Orchestrator.Release(worker.name()));
      return;
    }
    crew.named(worker.name()).ifPresent(this::abandon);
    team.orchestrator().tell(new Orchestrator.RewardGone(worker.name()));
  }

  // --- hanging
  // -------------------------------------------------------------------------------------------------

  /** Whether something can be done about a party that hangs. */
  static boolean isRestartable(String role) {
    return role.equals(LEARNER) || role.equals(PARAMETER_SERVER) || Kind.isWorker(role);
  }

  /**
   * A worker that hangs cannot be made to stop: it is left to itself under its old name, which
   * nobody listens to any more.
   */
  private Behavior<Command> onRestart(Team team, String role, String why) {
    String reason = role + " hangs: " + why;
    Optional<ActorRef<Void>> actor = crew.named(role);
    return switch (actor.flatMap(crew::role).orElse(null)) {
      case null -> Behaviors.same();
      case Worker worker -> {
        abandon(actor.orElseThrow());
        team.orchestrator()
            .tell(
                worker.kind().samples()
                    ? new Orchestrator.WorkerGone(role)
                    : new Orchestrator.RewardGone(role));
        yield replace(team, worker, reason, new IllegalStateException(reason));
      }
      case Vital(String name, String _) -> {
        var cause = new IllegalStateException(reason);
        yield mayRecover(name, cause) ? recover(name, cause) : fail(team, name, reason, cause);
      }
    };
  }

  private void abandon(ActorRef<Void> child) {
    crew.remove(child);
    context.unwatch(child);
    context.stop(child);
  }

  // --- changing
  // ------------------------------------------------------------------------------------------------

  private Behavior<Command> onChanged(Team team, LiveSetting setting) {
    settings = settings.with(setting);
    if (setting instanceof LiveSetting.RolloutWorkers(int wanted)) {
      staff(team);
      for (String node : hosts.of(Hosts.Part.ROLLOUT)) {
        List<Worker> now = crew.staying(Kind.ROLLOUT, node);
        now.subList(Math.min(wanted, now.size()), now.size())
            .forEach(surplus -> release(team, surplus));
      }
    }
    return Behaviors.same();
  }

  private int wantedRolloutWorkers() {
    return LiveSettings.of(settings).rolloutWorkers();
  }

  private Behavior<Command> onDrained(String worker) {
    crew.named(worker)
        .ifPresent(
            actor -> {
              context.getLog().info("{} has handed back its groups and goes", worker);
              crew.hasLeft(worker);
              abandon(actor);
            });
    return Behaviors.same();
  }

  // --- failing
  // -------------------------------------------------------------------------------------------------

  private Behavior<Command> fail(Team team, String who, String reason, Throwable cause) {
    Throwable thrown =
        cause instanceof PartFailure && cause.getCause() != null ? cause.getCause() : cause;
    context.getLog().error(reason, thrown);
    if (who.equals(Orchestrator.NAME)) {
      return finish(new RunOutcome.Failed(reason, Optional.of(thrown), none()));
    }
    team.orchestrator().tell(new Orchestrator.Abort(reason));
    timers.startSingleTimer(new Deadline(), PATIENCE);
    return failing(
        team, new RunOutcome.Failed(reason, Optional.of(thrown), none()), who.equals(RECORDER));
  }

  /** Waits for what the orchestrator knows about the run. */
  private Behavior<Command> failing(Team team, RunOutcome.Failed failed, boolean recorderIsGone) {
    return Behaviors.<Command>receive(
        (ctx, command) ->
            switch (command) {
              case RunEnded ended -> {
                var told =
                    new RunOutcome.Failed(
                        failed.reason(), failed.cause(), Optional.of(ended.summary()));
                yield recorderIsGone ? finish(told) : record(team, told, ended.summary());
              }
              case Deadline() -> finish(failed);
              case Stop _,
                  Recorded _,
                  Replace _,
                  Restart _,
                  Drained _,
                  Changed _,
                  HostsChanged _,
                  Dismissed _,
                  Recovered _,
                  RecoveryFailed _ ->
                  Behaviors.same();
            },
        (ctx, signal) -> Behaviors.same());
  }

  // --- recovering
  // ----------------------------------------------------------------------------------------------

  private boolean mayRecover(String name, Throwable cause) {
    return parts.recovery().isPresent()
        && (cause instanceof HostLost || past.recoveries() < settings.workers().recoveries())
        && !(cause instanceof PartFailure)
        && (isOfLearner(name) || name.equals(PARAMETER_SERVER) || name.equals(Orchestrator.NAME));
  }

  private static boolean isOfLearner(String name) {
    return name.equals(LEARNER) || name.startsWith(MEMBER);
  }

  private Behavior<Command> recover(String name, Throwable cause) {
    context.getLog().error("{} failed; the run goes back to its last checkpoint", name, cause);
    timers.cancelAll();
    if (hosts.elsewhere()) {
      for (Role role : crew.roles()) {
        if (role instanceof Vital(String hosted, String node) && mayAnswer(node, cause)) {
          dismissing.put(actorName(hosted), node);
        }
      }
    }
    crew.actors().forEach(context::stop);
    timers.startSingleTimer(new Deadline(), EMPTYING);
    return emptying(name, cause);
  }

  /** Whether a node hosts something and is there to say that it has ended. */
  private boolean mayAnswer(String node, Throwable cause) {
    boolean lost = cause instanceof HostLost host && host.isGone(node);
    return !node.isEmpty() && !lost && hosts.has(node);
  }

  /** Waits until all other actors are gone. */
  private Behavior<Command> emptying(String name, Throwable cause) {
    if (crew.isEmpty() && dismissing.isEmpty()) {
      timers.cancelAll();
      Executor blocking = KritesRun.blocking(context);
      Supplier<Optional<RunParts.Recovery>> recovery = parts.recovery().orElseThrow();
      context.pipeToSelf(
          CompletableFuture.supplyAsync(recovery, blocking),
          (found, failure) -> failure == null ? new Recovered(found) : new RecoveryFailed(failure));
      return recovering(name, cause);
    }
    return Behaviors.<Command>receive(
        (ctx, command) ->
            switch (command) {
              case Stop() -> finish(lost(name, cause, "the run was stopped"));
              case Deadline() -> withoutHangingWorkers(name, cause);
              case HostsChanged(Hosts other) -> {
                hosts = other;
                dismissing.values().removeIf(node -> !other.has(node));
                yield emptying(name, cause);
              }
              case Dismissed(String actor) -> {
                dismissing.remove(actor);
                yield emptying(name, cause);
              }
              default -> Behaviors.same();
            },
        (ctx, signal) -> {
          if (signal instanceof Terminated gone) {
            crew.remove(gone.getRef());
            return emptying(name, cause);
          }
          return Behaviors.same();
        });
  }

  /** A worker that hangs is left to itself, as always; nobody listens to its name any more. */
  private Behavior<Command> withoutHangingWorkers(String name, Throwable cause) {
    crew.roles().stream()
        .filter(Worker.class::isInstance)
        .flatMap(worker -> crew.named(worker.name()).stream())
        .forEach(this::abandon);
    dismissing.clear(); // a node that does not answer: its learner has an old term
    return crew.isEmpty()
        ? emptying(name, cause)
        : finish(
            lost(
                name,
                cause,
                "these do not stop: " + crew.roles().stream().map(Role::name).sorted().toList()));
  }

  private Behavior<Command> recovering(String name, Throwable cause) {
    return Behaviors.receiveMessage(
        command ->
            switch (command) {
              case Recovered(Optional<RunParts.Recovery> recovery) when recovery.isPresent() -> {
                RunParts.Recovery again = recovery.get();
                context.getLog().info("the run goes on from step {}", again.from().state().step());
                yield new RunSupervisor(
                        context,
                        timers,
                        settings.from(again.from()),
                        parts.from(again),
                        hosts,
                        decide,
                        new Past(
                            past.life() + 1,
                            past.recoveries() + (cause instanceof HostLost ? 0 : 1),
                            replaced))
                    .begin();
              }
              case HostsChanged(Hosts other) -> {
                hosts = other;
                yield Behaviors.same();
              }
              case Recovered _ -> finish(lost(name, cause, "there is no checkpoint to go back to"));
              case RecoveryFailed(Throwable failure) ->
                  finish(lost(name, cause, Reasons.of(failure)));
              case Stop() -> finish(lost(name, cause, "the run was stopped"));
              case RunEnded _,
                  Recorded _,
                  Replace _,
                  Restart _,
                  Drained _,
                  Changed _,
                  Dismissed _,
                  Deadline _ ->
                  Behaviors.same();
            });
  }

  private static RunOutcome.Failed lost(String name, Throwable cause, String andThen) {
    return new RunOutcome.Failed(
        name + " failed: " + Reasons.of(cause) + "; " + andThen, Optional.of(cause), none());
  }

  // --- ending
  // --------------------------------------------------------------------------------------------------

  /** Waits until everything was written down. */
  private Behavior<Command> record(Team team, RunOutcome outcome, RunSummary summary) {
    team.recorder().tell(new Recorder.Finish(summary, context.getSelf()));
    timers.startSingleTimer(new Deadline(), RECORDING);
    return Behaviors.<Command>receive(
        (ctx, command) ->
            switch (command) {
              case Recorded() -> finish(outcome);
              case Deadline() ->
                  finish(
                      unrecorded(
                          outcome,
                          summary,
                          "the recorder did not finish in time",
                          Optional.empty()));
              case Stop _,
                  RunEnded _,
                  Replace _,
                  Restart _,
                  Drained _,
                  Changed _,
                  HostsChanged _,
                  Dismissed _,
                  Recovered _,
                  RecoveryFailed _ ->
                  Behaviors.same();
            },
        (ctx, signal) ->
            signal instanceof ChildFailed failed && isRecorder(failed.getRef())
                ? finish(
                    unrecorded(
                        outcome,
                        summary,
                        Reasons.of(Reasons.causeOf(failed)),
                        Optional.of(Reasons.causeOf(failed))))
                : Behaviors.same());
  }

  private boolean isRecorder(ActorRef<Void> ref) {
    return crew.role(ref).filter(role -> role.name().equals(RECORDER)).isPresent();
  }

  /** The reason for which a run failed is not forgotten because it could not be written down. */
  private static RunOutcome unrecorded(
      RunOutcome outcome, RunSummary summary, String why, Optional<Throwable> cause) {
    String reason = "the end of the run could not be recorded: " + why;
    return outcome instanceof RunOutcome.Failed failed
        ? new RunOutcome.Failed(
            failed.reason() + "; " + reason, failed.cause(), Optional.of(summary))
        : new RunOutcome.Failed(reason, cause, Optional.of(summary));
  }

  private static RunOutcome outcome(RunEnded ended) {
    return switch (ended.summary().outcome()) {
      case COMPLETED -> new RunOutcome.Completed(ended.summary(), ended.checkpoint());
      case STOPPED -> new RunOutcome.Stopped(ended.summary(), ended.checkpoint());
      case FAILED -> new RunOutcome.Failed(ended.reason(), none(), Optional.of(ended.summary()));
    };
  }

  private Behavior<Command> finish(RunOutcome outcome) {
    decide.accept(outcome);
    return Behaviors.stopped();
  }

  private static <T> Optional<T> none() {
    return Optional.empty();
  }
}
