package krites.actors;

import java.util.List;
import java.util.function.IntFunction;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.port.RolloutEngine;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;

/** This process hosts every actor of the run. */
enum OwnHosts implements Hosts {
  INSTANCE;

  private static final List<String> HERE = List.of("here");

  @Override
  public List<String> of(Part part) {
    return HERE;
  }

  @Override
  public boolean has(String node) {
    return HERE.contains(node);
  }

  @Override
  public boolean leaving(String node) {
    return false;
  }

  @Override
  public boolean elsewhere() {
    return false;
  }

  @Override
  public Behavior<ParameterServer.Command> parameterServer(Place place, RunParts parts) {
    return ParameterServer.create(parts.weights());
  }

  @Override
  public Behavior<Learner.Command> learner(
      Place place,
      RunSettings settings,
      RunParts parts,
      int members,
      ActorRef<Orchestrator.Command> orchestrator,
      ActorRef<ParameterServer.Command> parameterServer) {
    return Learner.create(parts.trainer(), parts.checkpoints(), orchestrator, parameterServer);
  }

  @Override
  public List<String> learners(int wanted) {
    return HERE;
  }

  @Override
  public Behavior<LearnerMember.Command> learnerMember(
      Place place, RunSettings settings, int rank, ActorRef<Learner.Command> learner) {
    throw new IllegalStateException("the members of a learner in one process are not actors");
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
    IntFunction<RolloutEngine> engines =
        switch (duty) {
          case TRAINING -> parts.engines();
          case EVALUATION -> parts.evaluators();
        };
    return RolloutWorker.create(
        worker,
        duty,
        () -> engines.apply(index),
        orchestrator,
        parameterServer,
        mode,
        WeightSource.SHARED,
        RolloutWorker.REPORT_EVERY);
  }

  @Override
  public Behavior<RewardWorker.Command> rewardWorker(
      Place place, String worker, RunParts parts, ActorRef<Orchestrator.Command> orchestrator) {
    return RewardWorker.create(worker, parts.reward(), orchestrator);
  }
}
