package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.TrainingBatch;
import krites.grpo.Tuning;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LiveSetting;
import krites.grpo.port.ControlInbox;
import krites.grpo.record.RunSummary;
import org.junit.jupiter.api.Test;

/** Settings that change while a run goes on, from the inbox to the batches and the journal. */
final class LiveChangeTest {
  /** An inbox without files. */
  private static final class Inbox implements ControlInbox {
    private final ConcurrentLinkedQueue<Request> requests = new ConcurrentLinkedQueue<>();
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final AtomicLong next = new AtomicLong();

    void put(LiveSetting... settings) {
      for (LiveSetting setting : settings) {
        requests.add(new Request("r" + next.incrementAndGet(), setting));
      }
    }

    boolean isAnswered() {
      return answers.size() == next.get();
    }

    @Override
    public List<Request> poll() {
      List<Request> polled = new ArrayList<>();
      for (Request each = requests.poll(); each != null; each = requests.poll()) {
        polled.add(each);
      }
      return polled;
    }

    @Override
    public void answer(String id, boolean accepted, String message) {
      answers.put(id, accepted + " " + message);
    }
  }

  private final World world = new World();
  private final Inbox inbox = new Inbox();
  private final AtomicLong step = new AtomicLong();

  LiveChangeTest() {
    world.steps = 1_000_000; // until it is stopped
    world.serializes = false;
    world.inbox = inbox;
    world.beforeEachPiece =
        at -> {
          step.set(at);
          rest(2);
        };
  }

  @Test
  void eachSettingIsJournalledAndInForceFromTheVersionThatItNames() throws Exception {
    RunHandle handle = world.start();
    until(() -> step.get() > 3);
    inbox.put(
        new LiveSetting.LearningRate(0.5),
        new LiveSetting.ClipLow(0.25),
        new LiveSetting.ClipHigh(0.75),
        new LiveSetting.KlCoefficient(0.125),
        new LiveSetting.DropFlatGroups(true),
        new LiveSetting.MaxStaleness(3),
        new LiveSetting.RolloutWorkers(4));
    until(inbox::isAnswered);
    goOn(25);
    inbox.put(new LiveSetting.MaxStaleness(0), new LiveSetting.LearningRate(0.25));
    until(inbox::isAnswered);
    goOn(10);
    RunSummary summary = stopped(handle);

    Map<String, SettingChanged> first = new LinkedHashMap<>();
    changes().forEach(change -> first.putIfAbsent(change.key(), change));
    assertEquals(
        Map.of(
            "learner.lr", "0.5",
            "algorithm.clip-low", "0.25",
            "algorithm.clip-high", "0.75",
            "algorithm.kl-coefficient", "0.125",
            "algorithm.drop-flat-groups", "true",
            "async.max-staleness", "3",
            "rollout.workers", "4"),
        first.values().stream()
            .collect(Collectors.toMap(SettingChanged::key, SettingChanged::after)));
    first.values().forEach(change -> assertEquals("as configured", change.before()));
    SettingChanged lowered = changes().get(7);
    SettingChanged slower = changes().get(8);
    assertEquals("3", lowered.before());
    assertEquals("0", lowered.after());
    assertEquals(0, lowered.limits().maxStaleness());
    assertEquals("0.5", slower.before());
    assertTrue(
        inbox.answers.containsValue(
            "true async.max-staleness: 3 -> 0, from version " + lowered.from() + " on"),
        inbox.answers.toString());

    for (TrainingBatch batch : world.batches) {
      PolicyVersion policy = batch.policy();
      String which = "the batch for " + policy;
      Map<String, String> inForce = inForceFor(policy);
      assertEquals(tuning(inForce), batch.tuning(), which);
      int most = Integer.parseInt(inForce.getOrDefault("async.max-staleness", "1"));
      assertEquals(most, batch.maxStaleness(), which);
      batch
          .groups()
          .forEach(
              group -> assertTrue(policy.staleness(group.group().oldestVersion()) <= most, which));
    }
    assertTrue(summary.account().dropped().get(Drop.FLAT) > 0, summary.toString());
    int filtered = world.notes.events.indexOf(changes().get(4));
    assertTrue(
        world.notes.events.subList(0, filtered).stream()
            .noneMatch(
                event ->
                    event instanceof LedgerEvent.GroupDropped(long _, Drop reason)
                        && reason == Drop.FLAT));
    assertEquals(4, world.engines.get());
    assertEquals(
        Map.of("async.max-staleness", "0", "learner.lr", "0.25"),
        world.notes.statuses.getLast().settings().entrySet().stream()
            .filter(e -> e.getKey().equals("learner.lr") || e.getKey().startsWith("async"))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    assertEquals(summary.account(), world.replayed().account());
  }

  @Test
  void workersComeAndGoAndTheGroupsOfThoseThatGoAreGoneOnWithElsewhere() throws Exception {
    world.maxStaleness = 4; // all workers have groups all the time
    RunHandle handle = world.start();
    until(() -> step.get() > 3);
    inbox.put(new LiveSetting.RolloutWorkers(6));
    until(() -> world.engines.get() == 6);
    goOn(5);
    world.rolloutRests = true;
    untilItStandsStill(); // all groups that may be under way are at the workers
    inbox.put(new LiveSetting.RolloutWorkers(1));
    until(() -> world.closed.size() == 5);
    world.rolloutRests = false;
    goOn(5);
    inbox.put(
        new LiveSetting.RolloutWorkers(3),
        new LiveSetting.RolloutWorkers(2),
        new LiveSetting.RolloutWorkers(3));
    until(() -> inbox.isAnswered() && world.engines.get() == 9 && world.closed.size() == 6);
    goOn(5);
    assertEquals(3, world.engines.get() - world.closed.size(), "the last word counts");
    RunSummary summary = stopped(handle);

    assertEquals(0, summary.workersLost(), summary.toString());
    assertEquals(0, summary.account().dropped().getOrDefault(Drop.WORKER_LOST, 0L));
    List<Long> cut =
        world.notes.events.stream()
            .filter(LedgerEvent.GroupCut.class::isInstance)
            .map(event -> ((LedgerEvent.GroupCut) event).groupId())
            .toList();
    assertTrue(!cut.isEmpty(), "groups were handed back");
    assertTrue(
        world.batches.stream()
            .flatMap(batch -> batch.groups().stream())
            .anyMatch(group -> cut.contains(group.group().id())),
        "a group that was handed back was trained");
    assertEquals(summary.account(), world.replayed().account());
  }

  /** The changes that name this version or an older one: the requests come one by one. */
  private Map<String, String> inForceFor(PolicyVersion policy) {
    Map<String, String> inForce = new LinkedHashMap<>();
    changes().stream()
        .filter(change -> change.from().compareTo(policy) <= 0)
        .forEach(change -> inForce.put(change.key(), change.after()));
    return inForce;
  }

  private static Tuning tuning(Map<String, String> inForce) {
    return new Tuning(
        number(inForce, "learner.lr"),
        number(inForce, "algorithm.clip-low"),
        number(inForce, "algorithm.clip-high"),
        number(inForce, "algorithm.kl-coefficient"));
  }

  private static OptionalDouble number(Map<String, String> inForce, String key) {
    String value = inForce.get(key);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(value));
  }

  private List<SettingChanged> changes() {
    return world.notes.events.stream()
        .filter(SettingChanged.class::isInstance)
        .map(SettingChanged.class::cast)
        .toList();
  }

  private void goOn(int steps) {
    long from = step.get();
    until(() -> step.get() > from + steps);
  }

  private void untilItStandsStill() {
    for (long at = -1; at != step.get(); ) {
      at = step.get();
      rest(300);
    }
  }

  private RunSummary stopped(RunHandle handle) throws Exception {
    handle.stop();
    RunOutcome outcome = World.await(handle);
    return assertInstanceOf(RunOutcome.Stopped.class, outcome, outcome.toString()).summary();
  }

  private static void until(BooleanSupplier holds) {
    for (int i = 0; i < 6_000 && !holds.getAsBoolean(); i++) {
      rest(5);
    }
    assertTrue(holds.getAsBoolean(), "it did not come about in 30 s");
  }

  private static void rest(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
