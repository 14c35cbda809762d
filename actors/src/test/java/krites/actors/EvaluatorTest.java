package krites.actors;

import static krites.actors.WholeRunTest.completed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import krites.grpo.PolicyVersion;
import krites.grpo.port.GroupRequest;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunSummary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whole runs whose held-out prompts are answered by evaluators. What has to happen first opens a
 * gate for what comes after; a run in which it never happens ends as a stall.
 */
@Timeout(60)
final class EvaluatorTest {
  private static final int ITEMS = 25;

  private final World world = new World();
  private final ConcurrentLinkedQueue<GroupRequest> answered = new ConcurrentLinkedQueue<>();
  private final CountDownLatch gate = new CountDownLatch(1);

  EvaluatorTest() {
    world.evaluators = 1;
    world.steps = 10;
    world.evalSets = Map.of("held-out", new EvalSet(World.prompts("eval", 30), ITEMS));
    world.evaluatorFactory = index -> evaluator(request -> {});
  }

  private FakeEngine evaluator(Consumer<GroupRequest> onStart) {
    return new FakeEngine(
        world,
        3,
        request -> {
          answered.add(request);
          onStart.accept(request);
        });
  }

  private void pass() {
    try {
      gate.await();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void trainingGoesOnWhileAVersionIsEvaluatedThoughItIsOldByThen() throws Exception {
    world.evaluatorFactory =
        index -> {
          pass(); // it comes when the first version is long out of use
          return evaluator(request -> {});
        };
    world.afterPublish = version -> openAt(version, 6);

    RunSummary summary = completed(world.run());

    assertEquals(40, summary.account().trained());
    assertEquals(List.of(0L, 10L), evaluatedSteps());
    for (EvalRecord eval : world.notes.evals) {
      assertEquals(new PolicyVersion(0, eval.step()), eval.version());
      assertEquals(ITEMS, eval.items());
      assertEquals(0, eval.failed());
    }
    assertTrue(answered.stream().allMatch(request -> request.groupId() < 0), "no training group");
  }

  @Test
  void trainingAndCheckpointsWaitWhereAnEvaluationWouldBeOvertakenOrLost() throws Exception {
    world.evalEvery = 3;
    world.checkpointEvery = 4;

    completed(world.run());

    assertEquals(List.of(0L, 3L, 6L, 9L, 10L), evaluatedSteps());
    assertEquals(
        Map.of(4L, 3L, 8L, 6L, 10L, 10L),
        world.saved.stream()
            .map(World.Saved::state)
            .collect(Collectors.toMap(state -> state.step(), state -> state.evaluatedStep())));
  }

  @Test
  void aCheckpointOfTheVersionUnderEvaluationIsWrittenMeanwhileAndAResumeEvaluatesItAgain()
      throws Exception {
    world.evalEvery = 5;
    world.checkpointEvery = 5;
    AtomicInteger asked = new AtomicInteger();
    world.evaluatorFactory =
        index ->
            evaluator(
                request -> {
                  if (asked.incrementAndGet() > ITEMS) {
                    pass();
                  }
                });
    world.afterSave = step -> openAt(step, 5);
    completed(world.run());
    World.Saved atFive = world.saved.peek();
    assertEquals(5, atFive.state().step());
    assertEquals(0, atFive.state().evaluatedStep());
    assertEquals(List.of(0L, 5L, 10L), evaluatedSteps());

    World second = world.resumedFrom(atFive);
    completed(second.run());

    assertEquals(
        List.of(new PolicyVersion(1, 5), new PolicyVersion(1, 10)),
        second.notes.evals.stream().map(EvalRecord::version).toList());
  }

  @Test
  void whatADeadEvaluatorHeldIsAskedAgain() throws Exception {
    world.evalEvery = 5;
    AtomicInteger asked = new AtomicInteger();
    AtomicInteger made = new AtomicInteger();
    world.evaluatorFactory =
        index -> {
          made.incrementAndGet();
          return evaluator(
              request -> {
                if (asked.incrementAndGet() == ITEMS + 7) {
                  throw new IllegalStateException("killed");
                }
              });
        };

    RunSummary summary = completed(world.run());

    assertEquals(2, made.get());
    assertEquals(1, summary.workersLost());
    assertEquals(List.of(0L, 5L, 10L), evaluatedSteps());
    assertTrue(
        world.notes.evals.stream().allMatch(eval -> eval.items() == ITEMS && eval.failed() == 0),
        world.notes.evals::toString);
    assertEquals(40, summary.account().issued() - summary.account().droppedInAll());
  }

  @Test
  void anEvaluatorThatKeepsDyingEndsTheRunAfterItsReplacements() throws Exception {
    world.restarts = 1;
    world.poisonLimit = 9;
    world.evaluatorFactory =
        index ->
            evaluator(
                request -> {
                  throw new IllegalStateException("device lost");
                });

    assertEquals(
        "evaluator-0-1 failed: device lost (1 workers were replaced before)",
        assertInstanceOf(RunOutcome.Failed.class, world.run()).reason());
  }

  @Test
  void anEvaluatorThatCannotBeMadeEndsTheRunWithTheCause() throws Exception {
    world.evaluatorFactory =
        index -> {
          throw new UncheckedIOException(new NoSuchFileException("no room on cuda:0"));
        };

    String reason = assertInstanceOf(RunOutcome.Failed.class, world.run()).reason();

    assertTrue(reason.contains("evaluator-0"), reason);
    assertTrue(reason.contains("no room on cuda:0"), reason);
  }

  /** An evaluator that hangs is replaced as a rollout worker is. */
  @Test
  void aHangingEvaluatorIsReplacedWhileTheOthersWork() throws Exception {
    world.stallAfter = Duration.ofMillis(400);
    world.suspectAfter = Duration.ofMillis(200);
    AtomicInteger asked = new AtomicInteger();
    world.evaluatorFactory =
        index ->
            evaluator(
                request -> {
                  if (asked.incrementAndGet() == 3) {
                    world.hang();
                  }
                });

    RunSummary summary = completed(world.run());

    assertEquals(1, summary.workersLost());
    assertTrue(world.notes.evals.stream().allMatch(eval -> eval.failed() == 0));
  }

  /** Nothing else is left to do then, and their weights are those under evaluation. */
  @Test
  void theRolloutWorkersHelpWithTheLastEvaluation() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    world.evaluatorFactory =
        index ->
            evaluator(
                request -> {
                  if (asked.incrementAndGet() > ITEMS) {
                    pass();
                  }
                });
    Set<Long> helped = ConcurrentHashMap.newKeySet();
    world.onStart =
        request -> {
          if (request.groupId() < 0) {
            helped.add(request.groupId());
            gate.countDown();
          }
        };

    completed(world.run());

    Set<Long> last =
        LongStream.rangeClosed(ITEMS + 1, 2 * ITEMS)
            .mapToObj(number -> -number)
            .collect(Collectors.toSet());
    assertFalse(helped.isEmpty());
    assertTrue(last.containsAll(helped), helped + " are not of the last evaluation alone");
    assertEquals(List.of(0L, 10L), evaluatedSteps());
  }

  @Test
  void aStopWaitsForAnEvaluationThatNoResumeCouldMake() throws Exception {
    world.stopWithin = Duration.ofSeconds(80); // half of it is enough wherever tests run
    world.evaluatorFactory =
        index -> {
          pass();
          return evaluator(request -> {});
        };
    RunHandle handle = stoppedInStepThree();
    gate.countDown();

    RunOutcome.Stopped stopped = assertInstanceOf(RunOutcome.Stopped.class, World.await(handle));

    assertEquals(List.of(0L), evaluatedSteps());
    assertEquals(0, world.lastSaved().state().evaluatedStep());
    assertTrue(stopped.summary().steps() < 10, "it trained on: " + stopped);
  }

  @Test
  void aStopDoesNotWaitForEver() throws Exception {
    world.stopWithin = Duration.ofMillis(600);
    world.evaluatorFactory = index -> evaluator(request -> world.hang());
    RunHandle handle = stoppedInStepThree();

    RunOutcome.Stopped stopped = assertInstanceOf(RunOutcome.Stopped.class, World.await(handle));

    assertTrue(stopped.checkpoint().isPresent());
    assertEquals(List.of(), evaluatedSteps());
  }

  /** What is lost is asked for again, and what comes twice counts once. */
  @Test
  void noLostMessageLosesAnEvaluation() throws Exception {
    world.evalEvery = 5;
    world.nudgeAfter = Duration.ofMillis(100);
    Set<Class<?>> lost = ConcurrentHashMap.newKeySet();
    world.loses =
        message ->
            (message instanceof ParameterServer.Evaluate
                    || message instanceof Orchestrator.KeptForEval)
                && lost.add(message.getClass());

    completed(world.run());

    assertEquals(2, lost.size());
    assertEquals(List.of(0L, 5L, 10L), evaluatedSteps());
  }

  /** A run that was asked to stop in its third step. */
  private RunHandle stoppedInStepThree() throws InterruptedException {
    CountDownLatch training = new CountDownLatch(1);
    world.beforeEachPiece =
        step -> {
          if (step == 3) {
            training.countDown();
          }
        };
    RunHandle handle = world.start();
    training.await();
    handle.stop();
    return handle;
  }

  private void openAt(long now, long when) {
    if (now == when) {
      gate.countDown();
    }
  }

  private List<Long> evaluatedSteps() {
    return world.notes.evals.stream().map(EvalRecord::step).toList();
  }
}
