package krites.actors;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.WeightUpdateMode;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;

/**
 * The nodes of a cluster host the actors of a job: for each there is a {@link StandIn} beside the
 * supervisor.
 */
record ClusterHosts(Job job, Map<String, NodeAgent.Hello> nodes) implements Hosts {
  ClusterHosts {
    nodes = new TreeMap<>(nodes);
  }

  @Override
  public List<String> of(Part part) {
    return nodes.values().stream()
        .filter(node -> !node.leaving() && node.roles().contains(part.role()))
        .map(NodeAgent.Hello::name)
        .sorted(Comparator.naturalOrder())
        .toList();
  }

  @Override
  public boolean has(String node) {
    return nodes.containsKey(node);
  }

  @Override
  public boolean leaving(String node) {
    NodeAgent.Hello hello = nodes.get(node);
    return hello != null && hello.leaving();
  }

  @Override
  public boolean elsewhere() {
    return true;
  }

  @Override
  public Behavior<ParameterServer.Command> parameterServer(Place place, RunParts parts) {
    return StandIn.create(
        place, agent(place), owner -> new NodeAgent.HostParams(job, place.actor(), owner));
  }

  @Override
  public Behavior<Learner.Command> learner(
      Place place,
      RunSettings settings,
      RunParts parts,
      int members,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer) {
    return StandIn.create(
        place,
        agent(place),
        owner ->
            new NodeAgent.HostLearner(
                job,
                place.actor(),
                owner,
                step(settings),
                version(settings),
                members,
                orchestrator,
                parameterServer));
  }

  @Override
  public List<String> learners(int wanted) {
    List<String> nodes = of(Part.LEARNER);
    return nodes.subList(0, Math.min(wanted, nodes.size()));
  }

  @Override
  public Behavior<LearnerMember.Command> learnerMember(
      Place place, RunSettings settings, int rank, ActorRef<Learner.Command> learner) {
    return StandIn.create(
        place,
        agent(place),
        owner ->
            new NodeAgent.HostMember(
                job, place.actor(), owner, step(settings), version(settings), rank, learner));
  }

  /** Whose checkpoint a learner begins with; 0 for the start model. */
  private static long step(RunSettings settings) {
    return settings.start().map(start -> start.state().step()).orElse(0L);
  }

  private static PolicyVersion version(RunSettings settings) {
    return settings.start().map(ClusterHosts::version).orElse(RunFlow.FIRST_VERSION);
  }

  /** Of the weights in the checkpoint, under a term that no record of the journal has. */
  private static PolicyVersion version(Continuation start) {
    return new PolicyVersion(start.ledger().version().term() + 1, start.state().version().number());
  }

  @Override
  public Behavior<RolloutWorker.Command> rolloutWorker(
      Place place,
      String worker,
      RolloutWorker.Duty duty,
      int index,
      int seat,
      RunParts parts,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer,
      WeightUpdateMode mode) {
    return StandIn.create(
        place,
        agent(place),
        owner ->
            new NodeAgent.HostRollout(
                job,
                place.actor(),
                owner,
                worker,
                duty,
                seat,
                orchestrator,
                parameterServer,
                mode));
  }

  @Override
  public Behavior<RewardWorker.Command> rewardWorker(
      Place place, String worker, RunParts parts, ActorRef<Orchestrator.Command> orchestrator) {
    return StandIn.create(
        place,
        agent(place),
        owner -> new NodeAgent.HostReward(job, place.actor(), owner, worker, orchestrator));
  }

  private ActorRef<NodeAgent.Command> agent(Place place) {
    NodeAgent.Hello hello = nodes.get(place.node());
    if (hello == null) {
      throw new IllegalArgumentException("there is no node " + place.node());
    }
    return hello.agent();
  }
}
