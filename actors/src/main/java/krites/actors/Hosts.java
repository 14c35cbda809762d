package krites.actors;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import krites.grpo.flow.WeightUpdateMode;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;

/**
 * Who hosts the actors of a run that own a device, the files of weights or a reward: this process
 * alone ({@link OwnHosts}), or the nodes of a cluster ({@link ClusterHosts}).
 *
 * <p>It is a picture of one moment; the supervisor is told of the next one by {@link
 * RunSupervisor.HostsChanged}.
 */
interface Hosts {
  /** What a node may be asked to host. */
  enum Part {
    ROLLOUT,
    REWARD,
    LEARNER,
    PARAMS;

    /** The role of nodes that host it. */
    String role() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Some of them for a person. */
    static String names(List<Part> parts) {
      return parts.stream().map(Part::role).collect(Collectors.joining(", "));
    }
  }

  /**
   * What every hosted actor is made from.
   *
   * @param node that hosts it
   * @param actor its name, which no other actor of the run ever has
   * @param owner who is told when it is gone
   */
  record Place(String node, String actor, ActorRef<RunSupervisor.Command> owner) {}

  /** Nodes that take actors of a kind, in a fixed order; none of them is leaving. */
  List<String> of(Part part);

  /** What no node takes: a run cannot begin without it. */
  default List<Part> missing() {
    return Stream.of(Part.values()).filter(part -> of(part).isEmpty()).toList();
  }

  /** Whether a node is there, were it about to leave. */
  boolean has(String node);

  /** Whether a node is about to leave: what it hosts has to go. */
  boolean leaving(String node);

  /**
   * Whether hosted actors live in other processes, so that one that was stopped may still be there
   * for a moment.
   */
  boolean elsewhere();

  Behavior<ParameterServer.Command> parameterServer(Place place, RunParts parts);

  /**
   * Nodes that host the members of a learner, the leading one first; as many as are wanted, or all
   * that there are. In one process the trainer has its members within itself.
   */
  List<String> learners(int wanted);

  /**
   * The learner.
   *
   * @param members actors that make it up, this one included
   */
  Behavior<Learner.Command> learner(
      Place place,
      RunSettings settings,
      RunParts parts,
      int members,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer);

  /**
   * Another member of the learner.
   *
   * @param rank at least 1
   */
  Behavior<LearnerMember.Command> learnerMember(
      Place place, RunSettings settings, int rank, ActorRef<Learner.Command> learner);

  /**
   * A rollout worker, or an evaluator, which is one with another duty.
   *
   * @param worker its name in the run
   * @param index of the worker among those of its duty in the run
   * @param seat of the worker among those of its duty at its node, 0, 1, 2, ...
   */
  Behavior<RolloutWorker.Command> rolloutWorker(
      Place place,
      String worker,
      RolloutWorker.Duty duty,
      int index,
      int seat,
      RunParts parts,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      WeightUpdateMode mode);

  Behavior<RewardWorker.Command> rewardWorker(
      Place place, String worker, RunParts parts, ActorRef<Orchestrator.Command> orchestrator);
}
