package krites.grpo.flow;

import java.util.List;
import java.util.TreeSet;

/**
 * The order in which prompts are issued: one seeded shuffle per epoch, without end.
 *
 * <p>A ticket that was handed back is issued before any new one, lowest number first, so no prompt
 * vanishes. The state is three numbers and the returned tickets, so a run can go on from where it
 * was.
 */
public final class PromptCursor {
  private final long size;
  private final long seed;
  private final TreeSet<PromptTicket> returned = new TreeSet<>();
  private long position;

  /**
   * A cursor that goes on at a state.
   *
   * @throws IllegalArgumentException if the state belongs to a dataset of another size
   */
  public PromptCursor(long size, long seed, CursorState state) {
    if (state.size() != size) {
      throw new IllegalArgumentException(
          "the prompt cursor was saved for " + state.size() + " prompts, the dataset has " + size);
    }
    this.size = size;
    this.seed = seed;
    this.position = state.position();
    returned.addAll(state.returned());
  }

  /** Takes the next ticket. */
  public PromptTicket next() {
    PromptTicket first = returned.pollFirst();
    return first != null ? first : new PromptTicket(position++, 0);
  }

  /** Takes a ticket back; it is issued again before any new one. */
  public void giveBack(PromptTicket ticket) {
    if (ticket.number() >= position) {
      throw new IllegalStateException(
          "ticket " + ticket.number() + " was never issued, the next one is " + position);
    }
    if (!returned.add(ticket)) {
      throw new IllegalStateException("ticket " + ticket.number() + " was handed back twice");
    }
  }

  /** Index in the dataset of the prompt that a ticket means. */
  public long index(PromptTicket ticket) {
    long epoch = ticket.number() / size;
    return new Shuffle(size, Seeds.mix(seed + epoch)).at(ticket.number() % size);
  }

  /** Epochs begun so far, as a fraction: 1.5 is the middle of the second pass. */
  public double epoch() {
    return (double) position / size;
  }

  /** The state to go on from. */
  public CursorState state() {
    return new CursorState(size, position, List.copyOf(returned));
  }
}
