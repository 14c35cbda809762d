package krites.simulator;

import java.util.Arrays;
import java.util.Optional;

/** What can go wrong in a simulation; each constant says what it means and how it is measured. */
public enum FaultKind {
  /** A rollout node dies in the middle of what it does and is back after a while. */
  ROLLOUT_CRASH(Measure.PER_TIME, 10),
  /** A reward node dies in the middle of what it does and is back after a while. */
  REWARD_CRASH(Measure.PER_TIME, 10),
  /** The learner's node dies and is back after a while. */
  LEARNER_CRASH(Measure.PER_TIME, 30),
  /** The whole process is killed, as by {@code kill -9}, and resumed after a while. */
  RUN_CRASH(Measure.PER_TIME, 30),
  /** A rollout node never does anything again, and nobody is told. */
  ROLLOUT_HANG(Measure.PER_TIME, 0),
  /** A node stands still for a while, as under {@code SIGSTOP}, and goes on as if nothing was. */
  PAUSE(Measure.PER_TIME, 10),
  /** One worker's node cannot be reached for a while; what was sent arrives afterwards. */
  PARTITION(Measure.PER_TIME, 10),
  /** The disk under the run folder stands still for a while. */
  SLOW_DISK(Measure.PER_TIME, 5),
  /** A message between two nodes never arrives. */
  MESSAGE_LOSS(Measure.SHARE, 0),
  /** A message between two nodes arrives a second time, later. */
  MESSAGE_DUPLICATE(Measure.SHARE, 1),
  /** A message between two nodes takes long, and later ones overtake it. */
  MESSAGE_DELAY(Measure.SHARE, 1),
  /** The reward of a response cannot be computed. */
  REWARD_ERROR(Measure.SHARE, 0),
  /** The reward of a response takes very long. */
  REWARD_BLOCK(Measure.SHARE, 600),
  /** A prompt kills each rollout node that answers it. */
  POISON(Measure.SHARE, 0),
  /** A prompt cannot be read by the engine. */
  PROMPT_ERROR(Measure.SHARE, 0),
  /** A checkpoint cannot be written, as on a full disk. */
  CHECKPOINT_ERROR(Measure.SHARE, 0);

  /** What the number of a fault counts. */
  public enum Measure {
    /** How often it happens, per node and time. */
    PER_TIME,
    /** The share of cases in which it happens. */
    SHARE
  }

  private final Measure measure;
  private final double defaultSeconds;

  FaultKind(Measure measure, double defaultSeconds) {
    this.measure = measure;
    this.defaultSeconds = defaultSeconds;
  }

  Measure measure() {
    return measure;
  }

  /** How long it lasts unless told otherwise; 0 for what has no duration. */
  double defaultSeconds() {
    return defaultSeconds;
  }

  boolean lasts() {
    return defaultSeconds > 0;
  }

  /** As it is written in a plan, for example {@code rollout-crash}. */
  public String word() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  static Optional<FaultKind> of(String word) {
    return Arrays.stream(values()).filter(kind -> kind.word().equals(word)).findFirst();
  }
}
