package krites.simulator;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Account;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerSnapshot;
import krites.grpo.flow.PromptTicket;
import org.jspecify.annotations.Nullable;

/**
 * Reads the journal of a run as a suspicious person would, event by event, with none of the
 * ledger's code.
 *
 * <p>After a restart from a checkpoint, {@link #cutTo} forgets what the checkpoint does not know.
 */
final class JournalChecker {
  /** Thrown at the first event that breaks a promise; the checker is of no use afterwards. */
  static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient Promise promise;

    private Broken(Promise promise, String detail) {
      super(detail, null, false, false);
      this.promise = promise;
    }

    Promise promise() {
      return promise;
    }
  }

  private enum Stage {
    GENERATING,
    SCORING,
    READY,
    TRAINING
  }

  private record Flight(PromptTicket ticket, Stage stage, @Nullable PolicyVersion oldest) {
    Flight at(Stage next) {
      return new Flight(ticket, next, oldest);
    }
  }

  private final FlowLimits limits;
  private final List<LedgerEvent> journal = new ArrayList<>();
  private final Map<Long, Flight> flights = new HashMap<>();
  private final TreeSet<PromptTicket> owed = new TreeSet<>();
  private final Set<PromptTicket> issued = new HashSet<>();
  private final TreeSet<Long> training = new TreeSet<>();
  private final TreeSet<Long> trained = new TreeSet<>();
  private final EnumMap<Drop, Long> dropped = new EnumMap<>(Drop.class);
  private final TreeMap<Long, Long> ages = new TreeMap<>();
  private long started;
  private long step;
  private long newestTicket;
  private long version;

  JournalChecker(FlowLimits limits) {
    this.limits = limits;
  }

  /**
   * Takes in the next event.
   *
   * @throws Broken if it breaks a promise
   */
  void check(LedgerEvent event) {
    journal.add(event);
    switch (event) {
      case LedgerEvent.GroupStarted(long id, PromptTicket ticket, String worker) ->
          onStarted(id, ticket, worker);
      case LedgerEvent.GroupGenerated(long id, PolicyVersion oldest) -> {
        Flight flight = move(id, Stage.GENERATING, Stage.SCORING);
        flights.put(id, new Flight(flight.ticket(), Stage.SCORING, oldest));
      }
      case LedgerEvent.GroupReady(long id) -> move(id, Stage.SCORING, Stage.READY);
      case LedgerEvent.GroupDropped(long id, Drop reason) -> onDropped(id, reason);
      case LedgerEvent.BatchTaken taken -> onTaken(taken);
      case LedgerEvent.StepTrained(long number, PolicyVersion next) -> onTrained(number, next);
    }
    long ended = trained.size() + droppedInAll();
    require(
        started == ended + flights.size(),
        Promise.ACCOUNT_CLOSES,
        () -> started + " issued, " + ended + " ended, " + flights.size() + " in flight");
  }

  private void onStarted(long id, PromptTicket ticket, String worker) {
    require(
        id == ++started,
        Promise.NUMBERS_RISE,
        () -> "group " + id + " starts on " + worker + ", the next number is " + started);
    require(
        issued.add(ticket),
        Promise.PROMPTS_IN_ORDER,
        () -> ticket + " is issued twice, group " + id);
    boolean returned = owed.remove(ticket);
    require(
        returned || owed.isEmpty(),
        Promise.PROMPTS_IN_ORDER,
        () -> "group " + id + " takes " + ticket + " while " + owed + " came back");
    require(
        returned || ticket.equals(new PromptTicket(newestTicket++, 0)),
        Promise.PROMPTS_IN_ORDER,
        () -> "group " + id + " takes " + ticket + ", the next is number " + (newestTicket - 1));
    flights.put(id, new Flight(ticket, Stage.GENERATING, null));
    require(
        flights.size() <= limits.admitted(step),
        Promise.IN_FLIGHT_BOUNDED,
        () -> flights.size() + " groups are in flight after step " + step);
  }

  private Flight move(long id, Stage from, Stage to) {
    Flight flight = flights.get(id);
    if (flight == null || flight.stage() != from) {
      throw new Broken(
          Promise.ENDS_ONCE,
          "group "
              + id
              + " goes on to "
              + to
              + " from "
              + (flight == null ? "nowhere" : flight.stage()));
    }
    flights.put(id, flight.at(to));
    return flight;
  }

  private void onDropped(long id, Drop reason) {
    Flight flight = flights.remove(id);
    if (flight == null) {
      throw new Broken(
          Promise.ENDS_ONCE, "group " + id + " is dropped (" + reason + ") and not in flight");
    }
    boolean fits =
        switch (reason) {
          case WORKER_LOST, ROLLOUT_FAILED -> flight.stage() == Stage.GENERATING;
          case REWARD_FAILED, FLAT -> flight.stage() == Stage.SCORING;
          case STALE -> flight.stage() == Stage.READY && age(flight) > limits.maxStaleness();
          case RESTARTED -> true;
        };
    require(
        fits,
        Promise.REASON_FITS,
        () -> "group " + id + " is dropped (" + reason + ") at " + flight);
    training.remove(id);
    dropped.merge(reason, 1L, Long::sum);
    PromptTicket ticket = flight.ticket();
    switch (reason) {
      case STALE, WORKER_LOST -> owed.add(ticket.again());
      case RESTARTED -> {
        owed.add(ticket);
        issued.remove(ticket);
      }
      case ROLLOUT_FAILED, REWARD_FAILED, FLAT -> {}
    }
  }

  private void onTaken(LedgerEvent.BatchTaken taken) {
    require(
        training.isEmpty(),
        Promise.ONE_BATCH,
        () ->
            "the batch of step "
                + taken.step()
                + " is taken while "
                + training
                + " are in training");
    require(
        taken.step() == step + 1 && taken.policy().number() == version,
        Promise.VERSIONS_RISE,
        () ->
            "the batch of step "
                + taken.step()
                + " for "
                + taken.policy()
                + " follows step "
                + step);
    require(
        taken.groupIds().size() == limits.groupsPerStep(),
        Promise.BATCH_WHOLE,
        () -> "the batch of step " + taken.step() + " has " + taken.groupIds().size() + " groups");
    for (long id : taken.groupIds()) {
      Flight flight = flights.get(id);
      require(
          flight != null && flight.stage() == Stage.READY,
          Promise.BATCH_WHOLE,
          () -> "group " + id + " of step " + taken.step() + " is " + flight);
      long age = flight == null ? 0 : age(flight);
      require(
          age >= 0 && age <= limits.maxStaleness(),
          Promise.AGE_BOUNDED,
          () -> "group " + id + " of step " + taken.step() + " is " + age + " versions old");
      ages.merge(age, 1L, Long::sum);
      move(id, Stage.READY, Stage.TRAINING);
      training.add(id);
    }
  }

  private void onTrained(long number, PolicyVersion next) {
    require(
        training.size() == limits.groupsPerStep(),
        Promise.ONE_BATCH,
        () -> "step " + number + " is trained, with " + training.size() + " groups in training");
    require(
        number == step + 1 && next.number() == version + 1,
        Promise.VERSIONS_RISE,
        () -> "step " + number + " makes " + next + " after step " + step + " made v" + version);
    step = number;
    version = next.number();
    for (long id : training) {
      flights.remove(id);
      require(trained.add(id), Promise.TRAINED_ONCE, () -> "group " + id + " is trained twice");
    }
    training.clear();
  }

  private long age(Flight flight) {
    PolicyVersion oldest = flight.oldest();
    return oldest == null ? 0 : version - oldest.number();
  }

  /**
   * Goes back to the moment of a checkpoint: the first at which its step is trained and as many
   * groups are issued and dropped as it says. What lies behind it is forgotten.
   *
   * @return a checker that has read as far as that
   */
  JournalChecker cutTo(LedgerSnapshot until) {
    JournalChecker again = new JournalChecker(limits);
    long droppedUntil = until.dropped().values().stream().mapToLong(Long::longValue).sum();
    for (LedgerEvent event : journal) {
      if (again.step >= until.completedSteps()
          && again.started >= until.issued()
          && again.droppedInAll() >= droppedUntil) {
        break;
      }
      again.check(event);
    }
    return again;
  }

  /** A checker that has read nothing, for a run that begins anew. */
  JournalChecker empty() {
    return new JournalChecker(limits);
  }

  /**
   * What has to hold at the end of a run.
   *
   * @param inWeights groups that the weights were trained on
   * @throws Broken if it does not
   */
  void close(Account account, long steps, Set<Long> inWeights) {
    require(
        account.issued() == started
            && account.trained() == trained.size()
            && account.dropped().equals(dropped)
            && account.inFlight() == flights.size()
            && steps == step,
        Promise.ACCOUNT_CLOSES,
        () ->
            "the summary says "
                + account
                + " after step "
                + steps
                + ", the journal says issued "
                + started
                + ", trained "
                + trained.size()
                + ", dropped "
                + dropped
                + ", in flight "
                + flights.size()
                + " after step "
                + step);
    require(
        trained.equals(inWeights),
        Promise.TRAINED_ONCE,
        () ->
            "the weights were trained on "
                + inWeights.size()
                + " groups, the journal says "
                + trained.size());
  }

  /** All events read so far. */
  List<LedgerEvent> journal() {
    return Collections.unmodifiableList(journal);
  }

  long steps() {
    return step;
  }

  long issued() {
    return started;
  }

  long trained() {
    return trained.size();
  }

  long inFlight() {
    return flights.size();
  }

  Map<Drop, Long> dropped() {
    return Collections.unmodifiableMap(dropped);
  }

  /** How many trained groups had which age when their batch was taken. */
  Map<Long, Long> ages() {
    return Collections.unmodifiableMap(ages);
  }

  private long droppedInAll() {
    return dropped.values().stream().mapToLong(Long::longValue).sum();
  }

  private static void require(boolean holds, Promise promise, Supplier<String> otherwise) {
    if (!holds) {
      throw new Broken(promise, otherwise.get());
    }
  }
}
