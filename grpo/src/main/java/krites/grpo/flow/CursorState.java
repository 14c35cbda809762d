package krites.grpo.flow;

import java.util.List;

/**
 * Where a {@link PromptCursor} stands, as a plain value.
 *
 * @param size number of prompts in the dataset that the position belongs to
 * @param position the next ticket number that was never issued
 * @param returned tickets that came back and are issued first
 */
public record CursorState(long size, long position, List<PromptTicket> returned) {
  public CursorState {
    returned = List.copyOf(returned);
    if (size < 1 || position < 0) {
      throw new IllegalArgumentException(
          "prompt cursor at " + position + " of " + size + " prompts is impossible");
    }
  }

  /** The beginning of a dataset. */
  public static CursorState start(long size) {
    return new CursorState(size, 0, List.of());
  }
}
