package krites.app.answer;

import krites.grpo.TokenIds;

/** Who looks on while a model answers; called between two steps, on the thread of the engine. */
interface Watch {
  /** Looks away. */
  Watch NOBODY = new Watch() {};

  /** A response has these tokens so far; only called where a single one is sampled. */
  default void onTokens(TokenIds soFar) {}

  /** A response is done; the others may still be going on. */
  default void onAnswer(int prompt, int index, Answer answer) {}

  /** Whether to stop at once. */
  default boolean stopped() {
    return false;
  }
}
