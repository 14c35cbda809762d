package krites.grpo;

/** Why a response ended: a stop token (which is its last token), or the length limit. */
public enum FinishReason {
  STOP,
  LENGTH
}
