package krites.rollout;

import krites.grpo.Sampling;
import org.jspecify.annotations.Nullable;

/** A response as the batch that decodes it sees it. */
interface Sequence {
  PromptTokens prompt();

  /** The prompt's keys and values where it shares them; null where it has its own. */
  @Nullable Segment shared();

  Sampling sampling();

  /** Tokens sampled so far. */
  int length();

  /** A sampled token. */
  int token(int index);

  /** Tokens that it may have at most when it leaves the batch. */
  int end();

  /** The numbers in [0, 1) that decide its next tokens. */
  void fillUniforms(double[] target, int offset, int count);

  /** The token that is fed next: the last one so far. */
  default int pending() {
    return length() == 0 ? prompt().ids()[prompt().length() - 1] : token(length() - 1);
  }

  /** Columns of its own that are in use, which is the place of the next. */
  default int column() {
    return length() + (shared() == null ? prompt().read() : 0);
  }

  /** Columns of its own that it needs at most; its last token is never fed. */
  default int columns() {
    return end() + (shared() == null ? prompt().read() : 0);
  }

  /** Rotary position of the pending token. */
  default int position() {
    return prompt().lastPosition() + length();
  }
}
