package krites.grpo.flow;

/** What becomes of the sequences in flight when new weights come to a rollout worker. */
public enum WeightUpdateMode {
  /** They go on under the new weights; each token keeps the version that made it. */
  IN_FLIGHT,

  /** They are finished under the old weights, and no other is begun before the new are in use. */
  FINISH,

  /** They are thrown away and begun anew under the new weights. */
  ABORT
}
