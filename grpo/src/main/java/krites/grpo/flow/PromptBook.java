package krites.grpo.flow;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import krites.grpo.flow.LedgerEvent.PromptSetAside;

/**
 * The prompts' half of the ledger: whose turn it is, under whom workers died, and who is not issued
 * any more.
 *
 * <p>A ticket that came back is in one of three standings, which follow from its number of
 * attempts, the workers that died under it and the limits: due; suspect, to run alone; condemned,
 * to be set aside. A condemned ticket still counts as returned until its prompt is set aside, so
 * that a crash in between loses nothing.
 */
final class PromptBook {
  private final PromptCursor cursor;
  private final TreeSet<PromptTicket> suspects = new TreeSet<>();
  private final TreeSet<PromptTicket> condemned = new TreeSet<>();
  private final TreeMap<Long, Integer> losses = new TreeMap<>(); // by ticket number
  private final TreeMap<Long, String> setAside = new TreeMap<>(); // by index of the prompt
  private FlowLimits limits;

  PromptBook(
      long runSeed,
      FlowLimits limits,
      CursorState prompts,
      Map<Long, Integer> losses,
      Map<Long, String> setAside) {
    CursorState without =
        new CursorState(prompts.size(), prompts.mix(), prompts.position(), List.of());
    this.cursor = new PromptCursor(prompts.size(), Seeds.ofName(runSeed, "prompts"), without);
    this.limits = limits;
    this.losses.putAll(losses);
    this.setAside.putAll(setAside);
    prompts.returned().forEach(this::giveBack);
  }

  // --- questions
  // -----------------------------------------------------------------------------------------------

  PromptTicket due() {
    return cursor.due();
  }

  Optional<PromptTicket> suspect() {
    return suspects.isEmpty() ? Optional.empty() : Optional.of(suspects.first());
  }

  boolean isSuspect(PromptTicket ticket) {
    return limits.poisonLimit() > 1 && deaths(ticket) >= limits.poisonLimit() - 1;
  }

  Optional<PromptSetAside> skip(PromptTicket ticket) {
    if (setAside.isEmpty()) {
      return Optional.empty();
    }
    long prompt = cursor.index(ticket);
    return Optional.ofNullable(setAside.get(prompt))
        .map(reason -> new PromptSetAside(ticket, prompt, reason));
  }

  List<PromptSetAside> condemned() {
    return condemned.stream()
        .map(ticket -> new PromptSetAside(ticket, cursor.index(ticket), verdict(ticket)))
        .toList();
  }

  /** Whether no prompt is left that could be issued. */
  boolean isExhausted() {
    return setAside.size() == cursor.size();
  }

  long index(PromptTicket ticket) {
    return cursor.index(ticket);
  }

  Map<Long, String> setAside() {
    return Collections.unmodifiableMap(setAside);
  }

  Map<Long, Integer> losses() {
    return Collections.unmodifiableMap(losses);
  }

  CursorState state() {
    return cursor.state();
  }

  // --- changes
  // -------------------------------------------------------------------------------------------------

  /**
   * Takes a ticket to be issued.
   *
   * @throws IllegalStateException if it is not its turn, or its prompt is not issued any more; the
   *     state is then as before
   */
  void take(PromptTicket ticket) {
    if (condemned.contains(ticket) || skip(ticket).isPresent()) {
      throw new IllegalStateException(
          "ticket " + ticket.number() + " was issued, but its prompt has to be set aside");
    }
    cursor.take(ticket);
    suspects.remove(ticket);
  }

  void giveBack(PromptTicket ticket) {
    if (isCondemned(ticket)) {
      cursor.keepAside(ticket);
      condemned.add(ticket);
    } else if (isSuspect(ticket) && skip(ticket).isEmpty()) {
      cursor.keepAside(ticket);
      suspects.add(ticket);
    } else {
      cursor.giveBack(ticket);
    }
  }

  /** A worker died under a ticket. */
  void blame(PromptTicket ticket) {
    losses.merge(ticket.number(), 1, Integer::sum);
  }

  /** A ticket ended for good. */
  void end(PromptTicket ticket) {
    losses.remove(ticket.number());
  }

  /**
   * A ticket is given up because its prompt is not issued any more.
   *
   * @throws IllegalStateException if there is no reason to; the state is then as before
   */
  void setAside(PromptSetAside aside) {
    PromptTicket ticket = aside.ticket();
    if (aside.prompt() != cursor.index(ticket)) {
      throw new IllegalStateException(
          "ticket " + ticket.number() + " is not prompt " + aside.prompt());
    }
    if (!condemned.contains(ticket) && !setAside.containsKey(aside.prompt())) {
      throw new IllegalStateException(
          "prompt " + aside.prompt() + " is passed over, but was never set aside");
    }
    cursor.take(ticket);
    condemned.remove(ticket);
    suspects.remove(ticket);
    losses.remove(ticket.number());
    if (setAside.putIfAbsent(aside.prompt(), aside.reason()) == null) {
      pardonSuspects(aside.prompt());
    }
  }

  /** No ticket of a prompt that was set aside need run alone: it falls due and is passed over. */
  private void pardonSuspects(long prompt) {
    for (PromptTicket ticket : List.copyOf(suspects)) { // set aside is rare, and suspects are few
      if (cursor.index(ticket) == prompt) {
        suspects.remove(ticket);
        cursor.take(ticket);
        cursor.giveBack(ticket);
      }
    }
  }

  /** New limits: what came back is judged again by them. */
  void limit(FlowLimits changed) {
    if (changed.retryBudget() == limits.retryBudget()
        && changed.poisonLimit() == limits.poisonLimit()) {
      limits = changed;
      return;
    }
    List<PromptTicket> returned = cursor.state().returned();
    returned.forEach(cursor::take);
    suspects.clear();
    condemned.clear();
    limits = changed;
    returned.forEach(this::giveBack);
  }

  // --- standings
  // -----------------------------------------------------------------------------------------------

  private boolean isCondemned(PromptTicket ticket) {
    return deaths(ticket) >= limits.poisonLimit() || ticket.attempt() > limits.retryBudget();
  }

  private String verdict(PromptTicket ticket) {
    return deaths(ticket) >= limits.poisonLimit()
        ? deaths(ticket) + " workers died under it"
        : "it was issued " + ticket.attempt() + " times in vain";
  }

  private int deaths(PromptTicket ticket) {
    return losses.getOrDefault(ticket.number(), 0);
  }
}
