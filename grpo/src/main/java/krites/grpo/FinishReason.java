package krites.grpo;

/**
 * Why a response ended: a stop token (which is its last token) or a stop string (which its last
 * token completes), or the length limit.
 */
public enum FinishReason {
  STOP,
  LENGTH
}
