package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import krites.grpo.Drop;
import krites.grpo.Response;
import krites.grpo.flow.Account;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.WeightUpdateMode;
import krites.grpo.port.GroupRequest;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunSummary;
import krites.grpo.record.StepRecord;
import org.junit.jupiter.api.Test;

/** Whole runs with fakes behind the ports; every message travels through its serializer. */
final class WholeRunTest {
  private final World world = new World();

  @Test
  void twentyVersionsAreTrainedAlthoughAWorkerIsKilledMidway() throws Exception {
    AtomicInteger started = new AtomicInteger();
    world.onStart =
        request -> {
          if (started.incrementAndGet() == 40) {
            throw new IllegalStateException("killed");
          }
        };
    RunSummary summary = completed(world.run());
    Account account = summary.account();
    assertEquals(20, summary.steps());
    assertEquals(80, account.trained());
    assertEquals(0, account.inFlight());
    assertTrue(account.dropped().get(Drop.WORKER_LOST) >= 1, account.toString());
    assertEquals(1, summary.workersLost());
    assertTrue(summary.maxStalenessSeen() <= 1, summary.toString());
    assertEquals(21, summary.weightsVersions());
    assertEquals(
        LongStream.rangeClosed(1, 20).boxed().toList(),
        world.notes.steps.stream().map(StepRecord::step).toList());
    assertEquals(40, world.notes.samples.size());
    assertEquals(List.of(summary), world.notes.summaries);
    assertEquals(account, replayed().account());
  }

  @Test
  void withoutStalenessEveryTokenComesFromTheVersionThatItTrains() throws Exception {
    world.maxStaleness = 0;
    RunSummary summary = completed(world.run());
    assertEquals(0, summary.maxStalenessSeen());
    assertTrue(
        world.batches.stream()
            .allMatch(
                batch ->
                    batch.groups().stream()
                        .allMatch(
                            group ->
                                group.group().responses().stream()
                                    .allMatch(
                                        r ->
                                            r.first().equals(batch.policy())
                                                && r.last().equals(batch.policy())))));
    assertEquals(new Account(80, 80, Map.of(), 0), summary.account());
  }

  @Test
  void everyWayToTakeOverWeightsTrainsEveryGroupWithGroupsCutOrWhole() throws Exception {
    for (WeightUpdateMode mode : WeightUpdateMode.values()) {
      for (int partial : new int[] {0, 3}) {
        World each = new World();
        each.weightUpdate = mode;
        each.partialTokens = partial;
        each.evalSets = Map.of("held-out", new EvalSet(World.prompts("eval", 10), 10));
        RunSummary summary = completed(each.run());
        String which = mode + " partial " + partial;
        assertEquals(80, summary.account().trained(), which);
        assertEquals(0, summary.account().inFlight(), which);
        assertTrue(summary.maxStalenessSeen() <= 1, which);
        List<GroupRequest> continued =
            each.requests.stream().filter(request -> request.prefix().isPresent()).toList();
        assertEquals(partial == 0, continued.isEmpty(), which);
        List<Response> trained =
            each.batches.stream()
                .flatMap(batch -> batch.groups().stream())
                .flatMap(group -> group.group().responses().stream())
                .toList();
        if (partial == 0 && mode != WeightUpdateMode.IN_FLIGHT) {
          trained.forEach(response -> assertEquals(response.first(), response.last(), which));
        }
      }
    }
  }

  @Test
  void onlyVersionsThatSomebodyMayNeedAreKept() throws Exception {
    completed(world.run());
    assertTrue(world.stored.contains("weights-0-20"), world.stored.toString());
    assertTrue(world.stored.size() < 10, world.stored.toString());
  }

  @Test
  void heldOutPromptsAreAnsweredBeforeDuringAndAfterTrainingOutsideTheAccount() throws Exception {
    world.evalSets = Map.of("held-out", new EvalSet(World.prompts("eval", 30), 25));
    world.steps = 10;
    world.evalEvery = 4;
    AtomicInteger asked = new AtomicInteger();
    world.onStart =
        request -> {
          if (request.groupId() < 0 && asked.incrementAndGet() == 30) {
            throw new IllegalStateException("killed in the second evaluation");
          }
        };
    RunSummary summary = completed(world.run());
    assertEquals(
        List.of(0L, 4L, 8L, 10L), world.notes.evals.stream().map(EvalRecord::step).toList());
    for (EvalRecord eval : world.notes.evals) {
      assertEquals(25, eval.items());
      assertEquals(0, eval.failed());
      assertEquals(1.0, eval.terms().get("format"));
      assertEquals(13, eval.accuracyByTag().get("kind=even").items());
      double accuracy =
          (13 * eval.accuracyByTag().get("kind=even").accuracy()
                  + 12 * eval.accuracyByTag().get("kind=odd").accuracy())
              / 25;
      assertEquals(eval.terms().get("accuracy"), accuracy, 1e-12);
    }
    assertEquals(40, summary.account().trained());
    assertTrue(
        world.requests.stream()
            .filter(r -> r.groupId() < 0)
            .allMatch(r -> r.sampling().groupSize() == 1 && r.sampling().temperature() == 0));
  }

  @Test
  void anUnreadablePromptIsDroppedWithItsReasonAndTheRunGoesOn() throws Exception {
    world.unreadable.add("train-3");
    world.unreadable.add("train-4");
    RunSummary summary = completed(world.run());
    assertEquals(80, summary.account().trained());
    assertTrue(summary.account().dropped().get(Drop.ROLLOUT_FAILED) >= 2, summary.toString());
    assertEquals(
        (double) summary.account().dropped().get(Drop.ROLLOUT_FAILED),
        world.notes.steps.getLast().metrics().get("dropped/rollout_failed"));
  }

  @Test
  void aStepRecordHoldsTheNumbersOfTheLearnerOfItsBatchAndOfTime() throws Exception {
    world.steps = 2;
    completed(world.run());
    Map<String, Double> metrics = world.notes.steps.getLast().metrics();
    assertEquals(0.5, metrics.get("loss/policy"));
    assertEquals(1.0, metrics.get("response/format_rate"));
    assertEquals(metrics.get("reward/accuracy_mean"), metrics.get("critic/accuracy"));
    assertEquals(0.9 * metrics.get("critic/accuracy") + 0.1, metrics.get("reward/mean"), 1e-12);
    double decoded =
        world.notes.steps.stream()
            .mapToDouble(step -> step.metrics().get("rollout/steps/decoded"))
            .sum();
    assertTrue(decoded > 0);
    assertTrue(metrics.get("seconds/step") > 0);
    assertTrue(metrics.get("response/tokens_max") <= 12);
  }

  private RunLedger replayed() {
    return RunLedger.replay(world.notes.events);
  }

  static RunSummary completed(RunOutcome outcome) {
    return assertInstanceOf(RunOutcome.Completed.class, outcome, outcome.toString()).summary();
  }
}
