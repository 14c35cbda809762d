package krites.simulator;

import static krites.simulator.JournalChecker.require;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import krites.grpo.Drop;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.PromptTicket;

/**
 * The checker's own book of prompts: which place of the order was issued, which came back, and
 * under which workers died.
 *
 * <p>It knows places and not prompts, so of a ticket that was passed over it can only say that its
 * prompt was set aside before.
 */
final class PromptWatch {
  private final TreeSet<PromptTicket> owed = new TreeSet<>(); // came back, to be issued again
  private final Set<PromptTicket> issued = new HashSet<>();
  private final Set<Long> underWay = new HashSet<>(); // by number
  private final Map<Long, Integer> deaths = new HashMap<>(); // by number
  private final Set<Long> setAside = new HashSet<>(); // by index of the prompt
  private final long prompts;
  private long newest;

  /**
   * @param prompts prompts of the training set
   */
  PromptWatch(long prompts) {
    this.prompts = prompts;
  }

  /** A group starts on a ticket. */
  void issue(long group, PromptTicket ticket, FlowLimits limits) {
    require(
        !isCondemned(ticket, limits),
        Promise.POISON_ENDS,
        () -> "group " + group + " takes " + ticket + ", which has to be set aside");
    require(
        issued.add(ticket) && underWay.add(ticket.number()),
        Promise.PROMPTS_IN_ORDER,
        () -> ticket + " is issued twice, group " + group);
    requireTurn("group " + group + " takes ", ticket, limits);
    take(ticket);
  }

  /** A ticket is given up. */
  void setAside(PromptTicket ticket, long prompt, FlowLimits limits) {
    boolean condemned = owed.contains(ticket) && isCondemned(ticket, limits);
    require(
        condemned || setAside.contains(prompt),
        Promise.POISON_ENDS,
        () -> ticket + " of prompt " + prompt + " is set aside without a reason");
    require(
        prompt >= 0 && prompt < prompts && !underWay.contains(ticket.number()),
        Promise.POISON_ENDS,
        () -> ticket + " of prompt " + prompt + " of " + prompts + " cannot be set aside");
    if (!condemned && !isSuspect(ticket, limits)) {
      requireTurn("passed over is ", ticket, limits);
    }
    take(ticket);
    setAside.add(prompt);
    deaths.remove(ticket.number());
  }

  private void requireTurn(String what, PromptTicket ticket, FlowLimits limits) {
    boolean returned = owed.contains(ticket);
    if (returned && isSuspect(ticket, limits)) {
      return; // it waits for a worker of its own
    }
    Optional<PromptTicket> due =
        owed.stream()
            .filter(each -> !isSuspect(each, limits) && !isCondemned(each, limits))
            .min(Comparator.naturalOrder());
    require(
        returned ? due.equals(Optional.of(ticket)) : due.isEmpty(),
        Promise.PROMPTS_IN_ORDER,
        () -> what + ticket + " while " + due + " came back");
    require(
        returned || ticket.equals(new PromptTicket(newest, 0)),
        Promise.PROMPTS_IN_ORDER,
        () -> what + ticket + ", the next is number " + newest);
  }

  private void take(PromptTicket ticket) {
    if (!owed.remove(ticket)) {
      newest++;
    }
  }

  /** The group of a ticket is dropped. */
  void dropped(PromptTicket ticket, Drop reason) {
    underWay.remove(ticket.number());
    switch (reason) {
      case WORKER_LOST -> {
        deaths.merge(ticket.number(), 1, Integer::sum);
        owed.add(ticket.again());
      }
      case STALE, SURPLUS -> owed.add(ticket.again());
      case RESTARTED, UNDONE -> {
        owed.add(ticket);
        issued.remove(ticket);
      }
      case ROLLOUT_FAILED, REWARD_FAILED, FLAT -> deaths.remove(ticket.number());
    }
  }

  /** The group of a ticket is trained. */
  void trained(PromptTicket ticket) {
    underWay.remove(ticket.number());
    deaths.remove(ticket.number());
  }

  /** Whether only one worker may sample a ticket. */
  boolean isSuspect(PromptTicket ticket, FlowLimits limits) {
    return limits.poisonLimit() > 1
        && deathsUnder(ticket) >= limits.poisonLimit() - 1
        && !isCondemned(ticket, limits);
  }

  private boolean isCondemned(PromptTicket ticket, FlowLimits limits) {
    return deathsUnder(ticket) >= limits.poisonLimit() || ticket.attempt() > limits.retryBudget();
  }

  private int deathsUnder(PromptTicket ticket) {
    return deaths.getOrDefault(ticket.number(), 0);
  }
}
