package krites.actors;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.PolicyVersion;
import krites.grpo.record.EvalRecord;
import org.jspecify.annotations.Nullable;

/**
 * The evaluations of a run: which one is due, which is under way, and what has to wait for it. Time
 * is passed in.
 *
 * <p>Without evaluators the rollout workers answer, and everything else rests meanwhile. With
 * evaluators training goes on as soon as the parameter server has said that it keeps the version;
 * it waits only where an evaluation would be lost or overtaken: when the next one falls due, and
 * before a checkpoint of a later version, which a resume could not go back behind.
 */
final class EvalDesk {
  private final RunSettings settings;
  private final Map<String, EvalSet> sets;
  private final RunFlow.Peers peers;
  private final boolean beside; // evaluators do it, while training goes on
  private @Nullable EvalRound round;
  private long lowest; // number of a group
  private long startedNanos;
  private long begunStep; // of the last evaluation that began
  private long evaluatedStep; // of the last one that ended
  private boolean kept;
  private long askedNanos;
  private @Nullable Long heldSinceNanos; // training waits since then
  private long heldNanos;

  /**
   * @param evaluatedStep the last step that was evaluated, -1 for none
   */
  EvalDesk(
      RunSettings settings, Map<String, EvalSet> sets, RunFlow.Peers peers, long evaluatedStep) {
    this.settings = settings;
    this.sets = sets;
    this.peers = peers;
    this.beside = settings.workers().evaluators() > 0;
    this.evaluatedStep = evaluatedStep;
    this.begunStep = evaluatedStep;
  }

  Optional<EvalRound> round() {
    return Optional.ofNullable(round);
  }

  /** The last step that was evaluated, -1 for none. */
  long evaluatedStep() {
    return evaluatedStep;
  }

  /** Whether an evaluation after {@code step} steps is still to begin. */
  boolean isDue(long step) {
    return begunStep != step && settings.evaluatesAfter(step);
  }

  // --- beginning and ending
  // ------------------------------------------------------------------------------------

  /** Begins the evaluation that is due, unless one is under way. */
  void begin(long step, PolicyVersion version, int poisonLimit, long nowNanos) {
    if (round != null || !isDue(step)) {
      return;
    }
    EvalRound begun = new EvalRound(step, version, sets, lowest, poisonLimit);
    round = begun;
    lowest = begun.lowest();
    begunStep = step;
    startedNanos = nowNanos;
    kept = !beside || begun.isDone();
    askToKeep(nowNanos);
  }

  private void askToKeep(long nowNanos) {
    EvalRound open = round;
    if (open != null && !kept) {
      askedNanos = nowNanos;
      peers.parameterServer().tell(new ParameterServer.Evaluate(open.version(), peers.self()));
    }
  }

  /** The parameter server keeps a version for its evaluation. */
  void kept(PolicyVersion version) {
    if (round != null && version.equals(round.version())) {
      kept = true;
    }
  }

  /** Asks again where an answer is due. */
  void tick(long nowNanos) {
    if (nowNanos - askedNanos >= settings.patience().nudge().toNanos()) {
      askToKeep(nowNanos);
    }
  }

  /** Ends the evaluation under way when its last answer is in: what came of it, one per set. */
  List<EvalRecord> end(long nowNanos) {
    EvalRound open = round;
    if (open == null || !open.isDone()) {
      return List.of();
    }
    round = null;
    evaluatedStep = open.step();
    return open.records(StepRecorder.seconds(nowNanos - startedNanos));
  }

  // --- what waits
  // ----------------------------------------------------------------------------------------------

  /** Whether evaluators do it, while training goes on. */
  boolean isBeside() {
    return beside;
  }

  /** Whether training, checkpoints and new groups all rest: the rollout workers evaluate. */
  boolean restsAll() {
    return round != null && !beside;
  }

  /** Whether the next batch has to wait after {@code step} steps. */
  boolean holdsTraining(long step) {
    return restsAll() || isDue(step) || isWaitingToBeKept();
  }

  /** Whether a checkpoint after {@code step} steps would lose the evaluation under way. */
  boolean holdsCheckpoint(long step) {
    return restsAll() || round != null && round.step() < step;
  }

  /** Whether the parameter server has not said yet that it keeps the version under evaluation. */
  boolean isWaitingToBeKept() {
    return round != null && !kept;
  }

  /** Keeps the time for which training is held; to be called whenever anything changed. */
  void held(boolean nowHeld, long nowNanos) {
    Long since = heldSinceNanos;
    if (since != null) {
      heldNanos += nowNanos - since;
    }
    heldSinceNanos = nowHeld ? (Long) nowNanos : null;
  }

  /** Whether training is held now. */
  boolean isHolding() {
    return heldSinceNanos != null;
  }

  /** How long training was held since the last call. */
  long takeHeldNanos() {
    long taken = heldNanos;
    heldNanos = 0;
    return taken;
  }

  long startedNanos() {
    return startedNanos;
  }
}
