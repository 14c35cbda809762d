package krites.actors;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import krites.grpo.record.RunStatus;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.PreRestart;
import org.apache.pekko.actor.typed.Signal;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.jspecify.annotations.Nullable;

/**
 * Leads the job of a cluster: takes it from whoever submits it, knows the nodes, and has a {@link
 * RunSupervisor} run it on them. There is one in a cluster.
 *
 * <p>It keeps nothing on disk. One that begins, here or on another node after the first was lost,
 * asks the nodes which job they remember, and goes on with it from the journal in the job's folder.
 */
public final class Coordinator {
  /** What it understands. */
  public sealed interface Command {}

  /** Run this job. */
  public record Submit(Job job, ActorRef<Answer> replyTo) implements Command, ControlMessage {}

  /** Tell what happened in a job after the piece of news with this number. */
  public record Inquire(String job, long seen, ActorRef<Answer> replyTo)
      implements Command, ControlMessage {}

  /** End a job early, with a checkpoint. */
  public record Halt(String job) implements Command, ControlMessage {}

  /** Say how the job is. */
  public record Describe(ActorRef<ClusterSurvey.Command> replyTo)
      implements Command, ControlMessage {}

  /** A node tells what it is. */
  public record Met(NodeAgent.Hello node) implements Command, ControlMessage {}

  /** What whoever submitted a job is told. */
  public sealed interface Answer {}

  /** The job was taken. */
  public record Accepted(String job) implements Answer, ControlMessage {}

  /** The job was not taken; {@code reason} is one line. */
  public record Refused(String reason) implements Answer, ControlMessage {}

  /**
   * How a job goes on.
   *
   * @param phase one word, or what it waits for
   * @param items in order, not all that there are
   * @param end how it ended, when there is no more news
   */
  public record News(
      String job, String phase, List<JobNews.Item> items, Optional<Lead.Conclusion> end)
      implements Answer, ControlMessage {
    public News {
      items = List.copyOf(items);
    }
  }

  private record Found(Set<ActorRef<NodeAgent.Command>> agents) implements Command, LocalMessage {}

  private record NodeGone(ActorRef<NodeAgent.Command> agent) implements Command, LocalMessage {}

  private record Gathered() implements Command, LocalMessage {}

  private record MeetAgain() implements Command, LocalMessage {}

  private record Opened(Job job, Lead lead) implements Command, LocalMessage {}

  private record NotOpened(Job job, boolean again, Throwable cause)
      implements Command, LocalMessage {}

  private record OpenAgain(Job job) implements Command, LocalMessage {}

  private record Decided(RunOutcome outcome) implements Command, LocalMessage {}

  private record SupervisorGone(String job) implements Command, LocalMessage {}

  private record Concluded(String job, Lead.Conclusion conclusion)
      implements Command, LocalMessage {}

  /** The name of the singleton; part of the paths of a run's actors. */
  static final String NAME = "coordinator";

  private static final Duration GATHERING =
      Duration.ofSeconds(3); // for the nodes to say what they remember

  private static final Duration OPEN_EVERY =
      Duration.ofSeconds(1); // the process that led before may not have let go yet

  private static final Duration OPEN_WITHIN = Duration.ofSeconds(60);

  private static final Duration EMPTYING =
      Duration.ofSeconds(5); // for actors of a run whose outcome is decided

  private static final Duration MEET_EVERY = Duration.ofSeconds(2); // greetings may be lost

  private static final int REMEMBERED = 20; // ended jobs whose outcome somebody may still ask for

  /** A job that goes on. */
  private static final class Current {
    final Job job;
    final JobNews news = new JobNews();
    String phase = "opening";
    @Nullable Lead lead;
    @Nullable ActorRef<RunSupervisor.Command> supervisor;
    @Nullable RunOutcome outcome;
    boolean supervisorGone;
    boolean concluding;

    Current(Job job) {
      this.job = job;
    }
  }

  /** A job that has ended. */
  private record Past(JobNews news, Lead.Conclusion conclusion) {}

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private final NodeRooms rooms;
  private final Executor blocking;
  private final Map<String, NodeAgent.Hello> nodes = new TreeMap<>();
  private final Set<ActorRef<NodeAgent.Command>> unmet = new HashSet<>();

  /** Those that the receptionist names. */
  private Set<ActorRef<NodeAgent.Command>> listed = Set.of();

  /** Those that it names although they were said to be gone. */
  private final Set<ActorRef<NodeAgent.Command>> doubted = new HashSet<>();

  private final Map<String, Past> ended =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Past> eldest) {
          return size() > REMEMBERED;
        }
      };
  private final Deque<Submit> early = new ArrayDeque<>();
  private @Nullable Current current;
  private boolean gathering = true;
  private long openingSince;

  private Coordinator(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      NodeRooms rooms,
      Executor blocking) {
    this.context = context;
    this.timers = timers;
    this.rooms = rooms;
    this.blocking = blocking;
  }

  static Behavior<Command> create(NodeRooms rooms) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  Executor blocking = KritesRun.blocking(context);
                  ActorRef<Receptionist.Listing> listings =
                      context.messageAdapter(
                          Receptionist.Listing.class,
                          listing -> new Found(listing.getServiceInstances(NodeAgent.KEY)));
                  context
                      .getSystem()
                      .receptionist()
                      .tell(Receptionist.subscribe(NodeAgent.KEY, listings));
                  timers.startSingleTimer(new Gathered(), GATHERING);
                  timers.startTimerWithFixedDelay(new MeetAgain(), MEET_EVERY);
                  context.getLog().info("the coordinator is here");
                  return new Coordinator(context, timers, rooms, blocking).running();
                }));
  }

  private Behavior<Command> running() {
    return Behaviors.<Command>receive(
        (_, command) -> {
          switch (command) {
            case Submit submit -> onSubmit(submit);
            case Inquire(String job, long seen, ActorRef<Answer> replyTo) ->
                replyTo.tell(news(job, seen));
            case Halt(String job) -> onHalt(job);
            case Describe(ActorRef<ClusterSurvey.Command> replyTo) -> onDescribe(replyTo);
            case Found(Set<ActorRef<NodeAgent.Command>> agents) -> onFound(agents);
            case MeetAgain() -> onMeetAgain();
            case Met(NodeAgent.Hello node) -> onMet(node);
            case NodeGone(ActorRef<NodeAgent.Command> agent) -> onNodeGone(agent);
            case Gathered() -> onGathered();
            case Opened(Job job, Lead lead) -> onOpened(job, lead);
            case NotOpened(Job job, boolean again, Throwable cause) ->
                onNotOpened(job, again, cause);
            case OpenAgain(Job job) -> open(job, true);
            case Decided(RunOutcome outcome) -> onDecided(outcome);
            case SupervisorGone(String job) -> onSupervisorGone(job);
            case Concluded(String job, Lead.Conclusion conclusion) -> onConcluded(job, conclusion);
          }
          return Behaviors.same();
        },
        (_, signal) -> onSignal(signal));
  }

  /**
   * At its end its children are gone: nobody writes into the job's folder any more. Other signals
   * are not handled: the one by which a node that leaves ends its singleton would be lost.
   */
  private Behavior<Command> onSignal(Signal signal) {
    boolean gone = signal instanceof PostStop || signal instanceof PreRestart;
    Current job = current;
    if (gone && job != null && job.lead != null && !job.concluding) {
      job.lead.close();
    }
    return gone ? Behaviors.same() : Behaviors.unhandled();
  }

  // --- nodes
  // ---------------------------------------------------------------------------------------------------

  private void onFound(Set<ActorRef<NodeAgent.Command>> agents) {
    listed = Set.copyOf(agents);
    doubted.retainAll(listed);
    Set<ActorRef<NodeAgent.Command>> known = new HashSet<>(unmet);
    known.addAll(doubted);
    nodes.values().forEach(node -> known.add(node.agent()));
    for (ActorRef<NodeAgent.Command> agent : agents) {
      if (known.add(agent)) {
        unmet.add(agent);
        context.watchWith(agent, new NodeGone(agent));
        meet(agent);
      }
    }
  }

  /**
   * When a process comes again under the address of one that is given up, death watch takes the new
   * one for gone as well: it knows addresses alone. So who is still named is met again.
   */
  private void onMeetAgain() {
    for (ActorRef<NodeAgent.Command> agent : doubted) {
      unmet.add(agent);
      context.watchWith(agent, new NodeGone(agent));
    }
    doubted.clear();
    unmet.forEach(this::meet);
  }

  private void meet(ActorRef<NodeAgent.Command> agent) {
    agent.tell(new NodeAgent.Meet(context.getSelf()));
  }

  private void onMet(NodeAgent.Hello node) {
    unmet.remove(node.agent());
    NodeAgent.Hello before = nodes.put(node.name(), node);
    if (before == null || before.leaving() != node.leaving()) {
      context
          .getLog()
          .info(
              "node {} {} {}",
              node.name(),
              node.leaving() ? "is leaving" : "is here",
              node.roles());
    }
    Current job = current;
    if (job != null) {
      node.agent().tell(new NodeAgent.Remember(job.job));
    } else if (gathering && node.job().isPresent()) {
      goOn(node.job().get());
    } else if (!gathering) {
      node.job().map(Job::id).ifPresent(id -> node.agent().tell(new NodeAgent.Forget(id)));
    }
    tellSupervisor();
  }

  private void onNodeGone(ActorRef<NodeAgent.Command> agent) {
    unmet.remove(agent);
    if (listed.contains(agent)) {
      doubted.add(agent);
    }
    nodes
        .values()
        .removeIf(
            node -> {
              boolean gone = node.agent().equals(agent);
              if (gone) {
                context.getLog().info("node {} is gone", node.name());
              }
              return gone;
            });
    tellSupervisor();
  }

  private void tellSupervisor() {
    Current job = current;
    if (job != null && job.supervisor != null) {
      job.supervisor.tell(new RunSupervisor.HostsChanged(new ClusterHosts(job.job, nodes)));
    }
  }

  // --- jobs
  // ----------------------------------------------------------------------------------------------------

  private void onSubmit(Submit submit) {
    Current job = current;
    String id = submit.job().id();
    if (job != null && job.job.id().equals(id) || ended.containsKey(id)) {
      submit.replyTo().tell(new Accepted(id)); // it was heard before
    } else if (job != null) {
      submit
          .replyTo()
          .tell(
              new Refused("the cluster runs " + job.job.id() + " already; it takes one at a time"));
    } else if (gathering) {
      early.add(submit);
    } else {
      current = new Current(submit.job());
      submit.replyTo().tell(new Accepted(id));
      remember(submit.job());
      open(submit.job(), false);
    }
  }

  private void remember(Job job) {
    nodes.values().forEach(node -> node.agent().tell(new NodeAgent.Remember(job)));
  }

  private void onGathered() {
    gathering = false;
    while (!early.isEmpty()) {
      onSubmit(early.remove());
    }
  }

  /** Another coordinator led this job, and is gone. */
  private void goOn(Job job) {
    gathering = false;
    context.getLog().info("job {} goes on", job.id());
    current = new Current(job);
    remember(job);
    openingSince = System.nanoTime();
    open(job, true);
    onGathered();
  }

  private void open(Job job, boolean again) {
    context.pipeToSelf(
        CompletableFuture.supplyAsync(() -> rooms.lead(job, again), blocking),
        (lead, failure) ->
            failure == null
                ? new Opened(job, lead)
                : new NotOpened(job, again, Reasons.unwrap(failure)));
  }

  private void onOpened(Job opened, Lead lead) {
    Current job = current;
    if (job == null || !job.job.id().equals(opened.id())) {
      lead.close();
      return;
    }
    job.lead = lead;
    job.phase = "running";
    RunParts parts = lead.parts();
    RunParts heard = parts.recordingTo(job.news.listening(parts.recorder()));
    ActorRef<RunSupervisor.Command> supervisor =
        context.spawn(
            RunSupervisor.create(
                lead.settings(),
                heard,
                new ClusterHosts(job.job, nodes),
                outcome -> context.getSelf().tell(new Decided(outcome))),
            "run-" + opened.id(),
            DispatcherSelector.fromConfig(KritesRun.FLOW_DISPATCHER));
    context.watchWith(supervisor, new SupervisorGone(opened.id()));
    job.supervisor = supervisor;
  }

  private void onNotOpened(Job failed, boolean again, Throwable cause) {
    boolean mayWait =
        cause instanceof Lead.Busy
            && again
            && System.nanoTime() - openingSince < OPEN_WITHIN.toNanos();
    if (mayWait) {
      timers.startSingleTimer(new OpenAgain(failed), OPEN_EVERY);
      return;
    }
    context.getLog().error("job {} cannot be led: {}", failed.id(), Reasons.of(cause));
    onConcluded(failed.id(), Lead.Conclusion.notBegun(Reasons.of(cause)));
  }

  private void onHalt(String id) {
    Current job = current;
    if (job != null && job.job.id().equals(id) && job.supervisor != null) {
      job.supervisor.tell(new RunSupervisor.Stop());
    }
  }

  private void onDecided(RunOutcome outcome) {
    Current job = current;
    if (job != null && job.outcome == null) {
      job.outcome = outcome;
      job.phase = "ending";
      timers.startSingleTimer(new SupervisorGone(job.job.id()), EMPTYING);
      conclude(job);
    }
  }

  /** Of the job that goes on: a supervisor may outlive its own. */
  private void onSupervisorGone(String id) {
    Current job = current;
    if (job != null && job.job.id().equals(id)) {
      job.supervisorGone = true;
      if (job.outcome == null) {
        job.outcome =
            new RunOutcome.Failed("the actors ended early", Optional.empty(), Optional.empty());
      }
      conclude(job);
    }
  }

  /** When the outcome is known and nobody writes any more. */
  private void conclude(Current job) {
    RunOutcome outcome = job.outcome;
    Lead lead = job.lead;
    if (outcome == null || lead == null || !job.supervisorGone || job.concluding) {
      return;
    }
    job.concluding = true;
    context.pipeToSelf(
        CompletableFuture.supplyAsync(
            () -> {
              try (lead) {
                return lead.conclude(outcome);
              }
            },
            blocking),
        (conclusion, failure) ->
            new Concluded(
                job.job.id(),
                failure == null
                    ? conclusion
                    : Lead.Conclusion.notBegun(
                        "the end of the run could not be written: " + Reasons.of(failure))));
  }

  private void onConcluded(String id, Lead.Conclusion conclusion) {
    Current job = current;
    if (job == null || !job.job.id().equals(id)) {
      return;
    }
    context.getLog().info("job {} has ended", id);
    ended.put(id, new Past(job.news, conclusion));
    current = null;
    nodes.values().forEach(node -> node.agent().tell(new NodeAgent.Forget(id)));
  }

  // --- questions
  // -----------------------------------------------------------------------------------------------

  private Answer news(String id, long seen) {
    Current job = current;
    if (job != null && job.job.id().equals(id)) {
      return new News(id, phase(job), job.news.after(seen), Optional.empty());
    }
    Past past = ended.get(id);
    if (past != null) {
      List<JobNews.Item> items = past.news().after(seen);
      return new News(
          id, "ended", items, items.isEmpty() ? Optional.of(past.conclusion()) : Optional.empty());
    }
    return gathering
        ? new News(id, "the coordinator is starting", List.of(), Optional.empty())
        : new Refused("the cluster knows no job " + id);
  }

  private String phase(Current job) {
    List<Hosts.Part> missing = new ClusterHosts(job.job, nodes).missing();
    return missing.isEmpty()
        ? job.phase
        : "waiting for nodes that host " + Hosts.Part.names(missing);
  }

  private void onDescribe(ActorRef<ClusterSurvey.Command> replyTo) {
    Current job = current;
    Optional<RunStatus> status = job == null ? Optional.empty() : job.news.status();
    replyTo.tell(
        new ClusterSurvey.JobSaid(
            job == null ? "" : job.job.id(), job == null ? "no job" : phase(job), status));
  }
}
