package krites.actors;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.PromptSetAside;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.Seeds;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.PromptSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which group goes to which rollout worker, and when: groups that were cut go on before new ones
 * begin, suspects run alone, slow groups are hedged. What may start at all is the ledger's word.
 */
final class GroupDispatch {
  private static final Logger LOG = LoggerFactory.getLogger(GroupDispatch.class);

  private final RunSettings settings;
  private final PromptSource train;
  private final RunLedger ledger;
  private final FlowJournal journal;
  private final RolloutDesk rollout;
  private final LongSupplier nanos;
  private final HedgeRule hedges;
  private final Map<Long, PartialGroup> partials = new HashMap<>();

  GroupDispatch(
      RunSettings settings,
      PromptSource train,
      RunLedger ledger,
      FlowJournal journal,
      RolloutDesk rollout,
      LongSupplier nanos) {
    this.settings = settings;
    this.train = train;
    this.ledger = ledger;
    this.journal = journal;
    this.rollout = rollout;
    this.nanos = nanos;
    this.hedges = new HedgeRule(settings.asynchrony().hedgeFactor());
  }

  /** A group was complete after this time at its worker. */
  void took(long took) {
    hedges.took(took);
  }

  /** Keeps what a cut group has, until it goes on. */
  void keep(PartialGroup partial) {
    partials.put(partial.id(), partial);
  }

  /** Gives up what a cut group had. */
  Optional<PartialGroup> forget(long groupId) {
    return Optional.ofNullable(partials.remove(groupId));
  }

  /** Sends as much of an evaluation as there is room for. */
  void dispatch(EvalRound eval) {
    while (eval.hasNext()) {
      boolean alone = eval.isNextSuspect();
      Predicate<String> may = each -> mayEvaluate(each, eval);
      Optional<String> worker = alone ? rollout.idle(may) : rollout.freest(true, may);
      if (worker.isEmpty()) {
        return;
      }
      EvalRound.Item item = eval.next().orElseThrow();
      long seed = Seeds.ofName(settings.runSeed(), "eval/" + item.prompt().id());
      var request =
          GroupRequest.whole(item.groupId(), item.prompt(), settings.evalSampling(), seed);
      var generate = new RolloutWorker.Generate(request, eval.version());
      if (alone) {
        rollout.assignAlone(worker.get(), true, generate, now());
      } else {
        rollout.assign(worker.get(), true, generate, now());
      }
    }
  }

  /**
   * Evaluators answer where there are any, else the rollout workers; these help when nothing else
   * is left to do and their weights are those under evaluation.
   */
  private boolean mayEvaluate(String worker, EvalRound eval) {
    boolean everybody =
        settings.workers().evaluators() == 0
            || ledger.isComplete() && eval.version().equals(ledger.version());
    return (everybody || rollout.isEvaluator(worker)) && !isStuck(worker);
  }

  /** Starts all that may start. */
  void admit() {
    while (goOnWithParked() || startSuspect() || startDue()) {}
  }

  private boolean goOnWithParked() {
    Optional<Long> parked = ledger.parked();
    boolean alone = parked.filter(this::isSuspect).isPresent();
    Optional<String> worker = parked.isEmpty() ? Optional.empty() : alone ? idle() : freest();
    if (worker.isEmpty()) {
      return false;
    }
    long id = parked.orElseThrow();
    PromptTicket ticket = ledger.ticket(id);
    journal.note(new LedgerEvent.GroupDispatched(id, worker.get()));
    GroupRequest whole = trainRequest(id, train.prompt(ledger.prompt(ticket)), ticket);
    GroupRequest request = forget(id).map(whole::from).orElse(whole);
    send(worker.get(), new RolloutWorker.Generate(request, oldestUseful()), alone);
    return true;
  }

  /** A prompt under which workers died runs alone, so that no neighbour is blamed the next time. */
  private boolean startSuspect() {
    Optional<PromptTicket> suspect = ledger.suspect();
    Optional<String> worker = suspect.isEmpty() ? Optional.empty() : idle();
    if (worker.isEmpty() || !ledger.mayStart()) {
      return false;
    }
    start(suspect.orElseThrow(), worker.get(), true);
    return true;
  }

  private boolean startDue() {
    Optional<String> worker = freest();
    if (worker.isEmpty() || !ledger.mayStart() || ledger.isExhausted()) {
      return false;
    }
    PromptTicket ticket = ledger.due();
    Optional<PromptSetAside> skipped = ledger.skip(ticket);
    if (skipped.isPresent()) {
      journal.note(skipped.get());
    } else {
      start(ticket, worker.get(), false);
    }
    return true;
  }

  private void start(PromptTicket ticket, String worker, boolean alone) {
    GroupStarted started = ledger.start(ticket, worker);
    journal.note(started);
    Prompt prompt = train.prompt(ledger.prompt(ticket));
    GroupRequest request = trainRequest(started.groupId(), prompt, ticket);
    send(worker, new RolloutWorker.Generate(request, oldestUseful()), alone);
  }

  private void send(String worker, RolloutWorker.Generate generate, boolean alone) {
    if (alone) {
      rollout.assignAlone(worker, false, generate, now());
    } else {
      rollout.assign(worker, false, generate, now());
    }
  }

  /** Groups that take too long, or that a suspect worker holds, get a second worker. */
  void hedgeSlowGroups() {
    Map<String, List<Long>> slow = new LinkedHashMap<>();
    hedges.limitNanos().ifPresent(limit -> slow.putAll(rollout.slow(limit, now())));
    rollout
        .stuck(settings.patience().suspect().toNanos(), now())
        .forEach(look -> slow.put(look.worker(), look.held()));
    slow.forEach((worker, ids) -> ids.forEach(id -> hedge(worker, id)));
  }

  /** A second worker is asked for the same group; whoever is first counts. */
  private void hedge(String worker, long id) {
    if (RunFlow.isEval(id)) {
      return;
    }
    Optional<RolloutWorker.Generate> request = rollout.request(worker, id);
    Optional<String> second =
        rollout.freest(false, other -> ledger.mayHedge(id, other) && mayTrain(other));
    if (request.isPresent() && second.isPresent()) {
      LOG.info("group {} at {} is slow; {} is asked for it too", id, worker, second.get());
      journal.note(new LedgerEvent.GroupDispatched(id, second.get()));
      rollout.assign(second.get(), false, request.get(), now());
    }
  }

  /**
   * The worker with the most room for a group. A worker that is suspect gets nothing new: it would
   * keep it until somebody else is asked as well. One worker gets nothing while a prompt waits to
   * run alone, or busy workers would keep it waiting until the end of the run.
   */
  private Optional<String> freest() {
    Optional<String> kept =
        isAnyWaitingToRunAlone() ? rollout.emptiest(this::mayTrain) : Optional.empty();
    return rollout.freest(
        false, worker -> mayTrain(worker) && kept.filter(worker::equals).isEmpty());
  }

  private boolean isAnyWaitingToRunAlone() {
    return ledger.suspect().isPresent() && ledger.mayStart()
        || ledger.parked().filter(this::isSuspect).isPresent();
  }

  private Optional<String> idle() {
    return rollout.idle(this::mayTrain);
  }

  private boolean mayTrain(String worker) {
    return !rollout.isEvaluator(worker) && !isStuck(worker);
  }

  private boolean isSuspect(long groupId) {
    return ledger.isSuspect(ledger.ticket(groupId));
  }

  private boolean isStuck(String worker) {
    return rollout.isStuck(worker, settings.patience().suspect().toNanos(), now());
  }

  private GroupRequest trainRequest(long groupId, Prompt prompt, PromptTicket ticket) {
    return new GroupRequest(
        groupId,
        prompt,
        settings.sampling(),
        Seeds.ofGroup(settings.runSeed(), ticket),
        Optional.empty(),
        settings.asynchrony().partialTokens());
  }

  /** A group that began under an older version would be stale by the time of its batch. */
  private PolicyVersion oldestUseful() {
    PolicyVersion version = ledger.version();
    return new PolicyVersion(
        version.term(),
        Math.max(0, version.number() - Math.max(0, ledger.limits().maxStaleness() - 1)));
  }

  private long now() {
    return nanos.getAsLong();
  }
}
