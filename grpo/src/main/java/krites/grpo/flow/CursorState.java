package krites.grpo.flow;

import java.util.List;

/**
 * Where a {@link PromptCursor} stands, as a plain value.
 *
 * @param size number of prompts in the dataset that the position belongs to
 * @param mix how its parts are issued
 * @param position the next ticket number that was never issued
 * @param returned tickets that came back and are issued first
 */
public record CursorState(long size, PromptMix mix, long position, List<PromptTicket> returned) {
  public CursorState {
    returned = List.copyOf(returned);
    if (size < 1 || position < 0) {
      throw new IllegalArgumentException(
          "prompt cursor at " + position + " of " + size + " prompts is impossible");
    }
  }

  /** The beginning of a dataset of one part. */
  public static CursorState start(long size) {
    return start(size, PromptMix.NONE);
  }

  /** The beginning of a dataset. */
  public static CursorState start(long size, PromptMix mix) {
    return new CursorState(size, mix, 0, List.of());
  }
}
