package krites.actors;

/** What a rollout worker cannot go on without. */
public enum WorkerWait {
  /** It holds no group. */
  WORK,

  /** It holds groups, and none may begin under the weights it has. */
  WEIGHTS,

  /** Its engine is at work. */
  ENGINE
}
