package krites.grpo.port;

import krites.grpo.Prompt;
import krites.grpo.flow.PromptMix;

/**
 * A dataset with random access: item {@code i} is the same whenever and wherever it is asked for.
 * Thread safe.
 */
public interface PromptSource {
  /** Number of prompts, at least 1. */
  long size();

  /** The prompt at an index from 0 to {@code size() - 1}. */
  Prompt prompt(long index);

  /** How its parts are issued in training; by default it is one part. */
  default PromptMix mix() {
    return PromptMix.NONE;
  }
}
