package krites.grpo.flow;

import java.util.List;
import java.util.TreeSet;

/**
 * The order in which prompts are issued, without end; {@link PromptOrder} says which stands where.
 *
 * <p>A ticket that was handed back is issued before any new one, lowest number first, so no prompt
 * vanishes. The state is a few numbers and the returned tickets, so a run can go on from where it
 * was.
 */
public final class PromptCursor {
  private final long size;
  private final PromptMix mix;
  private final PromptOrder order;
  private final TreeSet<PromptTicket> returned = new TreeSet<>();
  private final TreeSet<PromptTicket> aside = new TreeSet<>();
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
    this.mix = state.mix();
    this.order = new PromptOrder(size, mix, seed);
    this.position = state.position();
    returned.addAll(state.returned());
  }

  /** The ticket that is due, without taking it: the lowest that came back, or a new one. */
  public PromptTicket due() {
    return returned.isEmpty() ? new PromptTicket(position, 0) : returned.first();
  }

  /**
   * Takes a ticket: one that was handed back, kept aside or not, or the next new one.
   *
   * @throws IllegalStateException if it is neither, so that a prompt would be skipped or counted
   *     twice
   */
  public void take(PromptTicket ticket) {
    if (returned.remove(ticket) || aside.remove(ticket)) {
      return;
    }
    if (ticket.number() != position || ticket.attempt() != 0) {
      throw new IllegalStateException(
          "prompt ticket "
              + ticket.number()
              + " attempt "
              + ticket.attempt()
              + " is neither returned nor the next new one, which is "
              + position);
    }
    position++;
  }

  /**
   * Takes a ticket back; it is issued again before any new one.
   *
   * @throws IllegalStateException if its place was never issued, or is here already
   */
  public void giveBack(PromptTicket ticket) {
    refuseStranger(ticket);
    returned.add(ticket);
  }

  /**
   * Takes a ticket back that somebody else will ask for: it never falls due by itself.
   *
   * @throws IllegalStateException if its place was never issued, or is here already
   */
  public void keepAside(PromptTicket ticket) {
    refuseStranger(ticket);
    aside.add(ticket);
  }

  private void refuseStranger(PromptTicket ticket) {
    if (ticket.number() >= position) {
      throw new IllegalStateException(
          "ticket " + ticket.number() + " was never issued, the next one is " + position);
    }
    if (holds(returned, ticket.number()) || holds(aside, ticket.number())) {
      throw new IllegalStateException("ticket " + ticket.number() + " was handed back twice");
    }
  }

  private static boolean holds(TreeSet<PromptTicket> tickets, long number) {
    PromptTicket lowest = tickets.ceiling(new PromptTicket(number, 0));
    return lowest != null && lowest.number() == number;
  }

  /** Index in the dataset of the prompt that a ticket means. */
  public long index(PromptTicket ticket) {
    return order.at(ticket.number());
  }

  /** Prompts of the dataset. */
  public long size() {
    return size;
  }

  /** The state to go on from; in it, what was kept aside has simply come back. */
  public CursorState state() {
    TreeSet<PromptTicket> here = new TreeSet<>(returned);
    here.addAll(aside);
    return new CursorState(size, mix, position, List.copyOf(here));
  }
}
