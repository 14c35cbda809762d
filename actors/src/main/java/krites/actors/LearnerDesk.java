package krites.actors;

import java.util.Optional;
import krites.grpo.PolicyVersion;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.RunState;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * What the learner and the parameter server were asked for and have not answered. Time is passed
 * in.
 *
 * <p>Messages may be lost: a silent learner is asked where it stands, and its answer shows what has
 * to be sent again. It takes everything that comes twice once.
 */
final class LearnerDesk {
  /** A batch at the learner, and when it got it. */
  record Step(TrainingBatch batch, long takenNanos) {}

  private final ActorRef<Learner.Command> learner;
  private final ActorRef<ParameterServer.Command> parameterServer;
  private final ActorRef<Orchestrator.Command> self;
  private final long nudgeNanos;
  private WeightUpdate published;
  private long publishedNanos;
  private long offeredNanos;
  private @Nullable PolicyVersion announced;
  private @Nullable Step training;
  private @Nullable RunState checkpoint;
  private boolean checkpointSent;
  private long checkpointNanos;
  private long heardNanos;
  private long askedNanos;

  LearnerDesk(RunFlow.Peers peers, WeightUpdate first, long nudgeNanos, long nowNanos) {
    this.learner = peers.learner();
    this.parameterServer = peers.parameterServer();
    this.self = peers.self();
    this.nudgeNanos = nudgeNanos;
    this.published = first;
    this.publishedNanos = nowNanos;
    this.offeredNanos = nowNanos;
    this.heardNanos = nowNanos;
    this.askedNanos = nowNanos;
    learner.tell(new Learner.Ask()); // it announces itself until it is heard
  }

  // --- training
  // ------------------------------------------------------------------------------------------------

  Optional<Step> training() {
    return Optional.ofNullable(training);
  }

  void train(TrainingBatch batch, long nowNanos) {
    training = new Step(batch, nowNanos);
    heardNanos = nowNanos;
    learner.tell(new Learner.Train(batch));
  }

  /** The result of a step came in; empty when it is not the one that is waited for. */
  Optional<Step> trained(WeightUpdate update, long step, long nowNanos) {
    heardNanos = nowNanos;
    Step current = training;
    if (current == null
        || current.batch().step() != step
        || !update.version().equals(current.batch().policy().next())) {
      return Optional.empty();
    }
    training = null;
    published = update;
    publishedNanos = nowNanos;
    offeredNanos = nowNanos;
    return Optional.of(current);
  }

  // --- checkpoints
  // ---------------------------------------------------------------------------------------------

  /** The state of which a checkpoint is wanted. */
  Optional<RunState> checkpoint() {
    return Optional.ofNullable(checkpoint);
  }

  /** Wants a checkpoint; it is asked for as soon as the journal is safe. */
  void want(RunState state, long nowNanos) {
    checkpoint = state;
    checkpointSent = false;
    checkpointNanos = nowNanos;
  }

  /** The journal is safe up to the wanted state. */
  void askForCheckpoint(long nowNanos) {
    RunState wanted = checkpoint;
    if (wanted != null && !checkpointSent) {
      checkpointSent = true;
      heardNanos = nowNanos;
      learner.tell(new Learner.Checkpoint(wanted));
    }
  }

  /**
   * Whether a batch has to wait, because a checkpoint of the weights before it was not asked for.
   */
  boolean holdsBatches() {
    return checkpoint != null && !checkpointSent;
  }

  /** A checkpoint was written; true when it was not known yet. */
  boolean checkpointed(long step, long nowNanos) {
    heardNanos = nowNanos;
    RunState wanted = checkpoint;
    boolean isNew = wanted != null && wanted.step() == step;
    if (isNew) {
      checkpoint = null;
    }
    return isNew;
  }

  /** The weights went on without the checkpoint; whether one was wanted. */
  boolean giveUpCheckpoint() {
    boolean wanted = checkpoint != null;
    checkpoint = null;
    return wanted;
  }

  // --- announcements
  // -------------------------------------------------------------------------------------------

  void announced(PolicyVersion version) {
    announced = announced == null || version.compareTo(announced) > 0 ? version : announced;
  }

  boolean isAnnounced(PolicyVersion version) {
    return version.equals(announced);
  }

  // --- silence
  // -------------------------------------------------------------------------------------------------

  void heard(long nowNanos) {
    heardNanos = nowNanos;
  }

  /** Where the learner stands; what it never got is sent again. */
  void status(PolicyVersion version, long step, boolean idle) {
    Step current = training;
    if (!idle) {
      return;
    }
    if (current != null && version.equals(current.batch().policy())) {
      learner.tell(new Learner.Train(current.batch()));
    }
    RunState wanted = checkpoint;
    if (wanted != null && checkpointSent && version.equals(wanted.version())) {
      learner.tell(new Learner.Checkpoint(wanted));
    }
  }

  /** Asks those who have been silent for too long. */
  void tick(long nowNanos) {
    boolean owed = training != null || checkpoint != null && checkpointSent;
    if (owed && nowNanos - Math.max(heardNanos, askedNanos) >= nudgeNanos) {
      askedNanos = nowNanos;
      learner.tell(new Learner.Ask());
    }
    if (!isAnnounced(published.version()) && nowNanos - offeredNanos >= nudgeNanos) {
      offeredNanos = nowNanos;
      parameterServer.tell(new ParameterServer.Publish(published, self));
    }
  }

  /** When the learner was last heard of. */
  long heardNanos() {
    return heardNanos;
  }

  long checkpointNanos() {
    return checkpointNanos;
  }

  /** The newest version that the learner published. */
  WeightUpdate published() {
    return published;
  }

  long publishedNanos() {
    return publishedNanos;
  }
}
