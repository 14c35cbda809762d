package krites.grpo.flow;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.StepTrained;

/**
 * A second opinion on a journal: reads events as a suspicious person would, with no code of the
 * ledger, and throws an {@link AssertionError} at the first broken promise.
 */
final class FlowChecker {
  private final FlowLimits limits;
  private final Set<Long> started = new HashSet<>();
  private final Set<Long> generating = new TreeSet<>();
  private final Map<Long, PolicyVersion> scoring = new HashMap<>();
  private final Map<Long, PolicyVersion> ready = new HashMap<>();
  private final Set<Long> inTraining = new TreeSet<>();
  private final Map<Long, PromptTicket> tickets = new HashMap<>();
  private final Set<PromptTicket> owed = new HashSet<>();
  private final Set<PromptTicket> issued = new HashSet<>();
  private long trained;
  private long dropped;
  private long step;
  private long newest;
  private long version;

  FlowChecker(FlowLimits limits) {
    this.limits = limits;
  }

  void check(LedgerEvent event) {
    switch (event) {
      case GroupStarted(long id, PromptTicket ticket, String worker) -> {
        require(
            started.add(id) && id == started.size(), event, "numbers are used once and in order");
        require(issued.add(ticket), event, "a ticket is issued once");
        boolean returned = owed.remove(ticket);
        require(returned || owed.isEmpty(), event, "what came back is issued first: " + owed);
        require(
            returned || ticket.equals(new PromptTicket(newest++, 0)),
            event,
            "new tickets in order");
        generating.add(id);
        tickets.put(id, ticket);
        require(
            inFlight() <= (limits.maxStaleness() + 1L) * limits.groupsPerStep(),
            event,
            "admission");
        require(
            inFlight() <= (limits.steps() - step) * limits.groupsPerStep(),
            event,
            "no more than can be trained");
      }
      case GroupGenerated(long id, PolicyVersion oldest) -> {
        require(generating.remove(id), event, "it was generating");
        scoring.put(id, oldest);
      }
      case GroupReady(long id) -> {
        PolicyVersion oldest = scoring.remove(id);
        require(oldest != null, event, "it was scored");
        ready.put(id, oldest);
      }
      case GroupDropped(long id, Drop reason) -> {
        boolean was =
            switch (reason) {
              case STALE ->
                  ready.containsKey(id) && version - ready.get(id).number() > limits.maxStaleness();
              case WORKER_LOST, ROLLOUT_FAILED -> generating.contains(id);
              case REWARD_FAILED, FLAT -> scoring.containsKey(id);
              case RESTARTED -> true;
            };
        require(was, event, "the reason fits");
        require(
            generating.remove(id)
                | scoring.remove(id) != null
                | ready.remove(id) != null
                | inTraining.remove(id),
            event,
            "it was in flight");
        dropped++;
        PromptTicket ticket = tickets.get(id);
        switch (reason) {
          case STALE, WORKER_LOST ->
              owed.add(new PromptTicket(ticket.number(), ticket.attempt() + 1));
          case RESTARTED -> {
            owed.add(ticket);
            issued.remove(ticket);
          }
          case ROLLOUT_FAILED, REWARD_FAILED, FLAT -> {}
        }
      }
      case BatchTaken(long number, PolicyVersion policy, List<Long> ids) -> {
        require(inTraining.isEmpty(), event, "one batch at a time");
        require(
            number == step + 1 && policy.number() == version,
            event,
            "the next step, of the current version");
        require(ids.size() == limits.groupsPerStep(), event, "a whole batch");
        for (long id : ids) {
          PolicyVersion oldest = ready.remove(id);
          require(oldest != null, event, "group " + id + " is ready");
          long age = version - oldest.number();
          require(
              age >= 0 && age <= limits.maxStaleness(), event, "group " + id + " of age " + age);
          require(
              ready.keySet().stream().allMatch(other -> other > id || ids.contains(other)),
              event,
              "oldest first");
          inTraining.add(id);
        }
      }
      case StepTrained(long number, PolicyVersion next) -> {
        require(inTraining.size() == limits.groupsPerStep(), event, "a batch was in training");
        require(
            number == ++step && next.number() == ++version,
            event,
            "steps and versions rise by one");
        trained += inTraining.size();
        inTraining.clear();
      }
    }
  }

  /** What has to hold for every prefix of a journal, against what the ledger says of itself. */
  void compare(Account account, PromptCursor cursor) {
    if (account.issued() != started.size()
        || account.trained() != trained
        || account.droppedInAll() != dropped
        || account.inFlight() != inFlight()
        || started.size() != trained + dropped + inFlight()) {
      throw new AssertionError(
          account
              + ", the journal says "
              + started.size()
              + " = "
              + trained
              + " + "
              + dropped
              + " + "
              + inFlight());
    }
    if (!owed.equals(new HashSet<>(cursor.state().returned()))) {
      throw new AssertionError(
          "prompts " + owed + " are owed, the cursor holds " + cursor.state().returned());
    }
  }

  /** At the end of a complete run nothing is left over. */
  void close() {
    if (step != limits.steps()
        || inFlight() != 0
        || trained != limits.steps() * limits.groupsPerStep()) {
      throw new AssertionError(
          "the journal ends at step " + step + " with " + inFlight() + " groups in flight");
    }
  }

  private long inFlight() {
    return generating.size() + scoring.size() + ready.size() + inTraining.size();
  }

  private static void require(boolean holds, LedgerEvent event, String promise) {
    if (!holds) {
      throw new AssertionError(event + " breaks: " + promise);
    }
  }
}
