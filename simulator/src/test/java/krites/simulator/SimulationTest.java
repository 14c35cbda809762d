package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class SimulationTest {
  private static final String TROUBLE =
      "rollout-crash=1/min,reward-crash=1/min,run-crash=1/min:3s,pause=1/min:2s,partition=1/min:2s,"
          + "slow-disk=1/min:1s,reward-error=0.02,prompt-error=0.02,message-loss=0.02,"
          + "message-duplicate=0.05,message-delay=0.05:2s,rollout-hang=0.3/min,poison=0.02";

  private final Plans plans = new Plans();

  @Test
  void aWholeRunEndsWithItsAccountClosed() {
    SimulationReport report = plans.run(1);

    assertCompleted(report);
    assertEquals(12, report.steps());
    assertEquals(48, report.trained());
    assertEquals(0, report.inFlight());
    assertEquals(48, report.ages().values().stream().mapToLong(Long::longValue).sum());
  }

  @Test
  void theSameSeedGivesTheSameTraceWhateverElseRunsBesideIt() {
    plans.faults = TROUBLE;
    List<String> alone = LongStream.range(0, 8).mapToObj(seed -> plans.run(seed).digest()).toList();
    List<String> together =
        LongStream.range(0, 8).parallel().mapToObj(seed -> plans.run(seed).digest()).toList();

    assertEquals(alone, together);
    assertEquals(8, Set.copyOf(alone).size(), "different seeds are different runs");
  }

  /** Hash codes of objects and the salt of immutable collections differ from process to process. */
  @Test
  void theSameSeedGivesTheSameTraceInAnotherProcess() throws IOException, InterruptedException {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                OtherProcess.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String digest =
        new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();

    assertEquals(0, other.waitFor());
    assertEquals(OtherProcess.digest(), digest);
  }

  /** Started by the test above. */
  static final class OtherProcess {
    static String digest() {
      Plans plans = new Plans();
      plans.faults = TROUBLE;
      plans.rolloutWorkers = 9;
      return plans.run(3).digest();
    }

    public static void main(String[] args) {
      System.out.println(digest());
    }
  }

  @Test
  void theTraceCanBeReadLineByLine() {
    List<String> lines = new ArrayList<>();
    plans.listener = Optional.of(lines::add);

    SimulationReport report = plans.run(1);

    assertEquals(report.messages(), lines.stream().filter(line -> line.contains(" -> ")).count());
    assertTrue(
        lines.stream().anyMatch(line -> line.endsWith("orchestrator -> learner: Train")),
        lines.toString());
    assertTrue(lines.getLast().startsWith("     "), lines.getLast());
  }

  @Test
  void lockStepTrainsOnNothingOld() {
    plans.maxStaleness = 0;

    SimulationReport report = plans.run(1);

    assertCompleted(report);
    assertEquals(Map.of(0L, 48L), report.ages());
  }

  /** Learner and workers take turns in lock-step, and overlap otherwise. */
  @Test
  void stalenessBuysTime() {
    SimulationReport ahead = plans.run(1);
    plans.maxStaleness = 0;
    SimulationReport lockStep = plans.run(1);

    assertTrue(
        ahead.trainingStepsPerMinute() > 1.2 * lockStep.trainingStepsPerMinute(),
        ahead + " and " + lockStep);
  }

  /** One core for everybody is as slow as doing one thing after the other. */
  @Test
  void sharedCoresTakeTheTimeBack() {
    SimulationReport own = plans.run(1);
    DeviceModel devices = plans.devices;
    plans.devices =
        new DeviceModel(
            devices.rollout(),
            devices.reward(),
            devices.learner(),
            devices.files(),
            devices.network(),
            1);
    SimulationReport shared = plans.run(1);

    assertTrue(
        own.trainingStepsPerMinute() > 1.5 * shared.trainingStepsPerMinute(),
        own + " and " + shared);
  }

  @Test
  void aKilledProcessGoesOnFromItsCheckpoint() {
    plans.faults = "run-crash=4/min:3s";
    plans.checkpointEvery = 2;

    SimulationReport report = plans.run(2);

    assertCompleted(report);
    assertTrue(report.restarts() > 0, report.toString());
    assertEquals(12, report.steps());
    assertEquals(48, report.trained());
  }

  @Test
  void aLostLearnerGoesOnFromTheCheckpointInTheSameProcess() {
    plans.faults = "learner-crash=1/min:3s";
    plans.checkpointEvery = 1;
    List<SimulationReport> struckOnce =
        LongStream.range(0, 20)
            .mapToObj(plans::run)
            .filter(report -> report.faults().stream().anyMatch(fault -> fault.strikes() == 1))
            .filter(report -> report.steps() > 1)
            .toList();

    assertTrue(struckOnce.size() > 3, "too few runs lose their learner once");
    struckOnce.stream()
        .filter(report -> report.outcome() != SimulationReport.Outcome.COMPLETED)
        .forEach(report -> assertTrue(report.reason().contains("no checkpoint"), report.reason()));
    assertTrue(
        struckOnce.stream()
            .anyMatch(report -> report.outcome() == SimulationReport.Outcome.COMPLETED));
  }

  @Test
  void evaluationsTakeTime() {
    SimulationReport without = plans.run(1);
    plans.evalItems = Map.of("critic", 40);
    plans.evalEvery = 4;
    SimulationReport with = plans.run(1);

    assertCompleted(with);
    assertTrue(with.seconds() > without.seconds() + 1, with + " and " + without);
  }

  @Test
  void evaluatorsGiveMostOfThatTimeBack() {
    plans.evalItems = Map.of("critic", 40);
    plans.evalEvery = 4;
    SimulationReport between = plans.run(1);
    plans.evaluators = 1;
    SimulationReport beside = plans.run(1);

    assertCompleted(beside);
    assertTrue(beside.seconds() < between.seconds() - 1, beside + " and " + between);
  }

  @Test
  void aSlowWorkerIsSlowAndTheRunNotMuchSlower() {
    plans.rolloutWorkers = 8;
    SimulationReport even = plans.run(4);
    DeviceModel.Rollout rollout = plans.devices.rollout();
    plans.devices =
        new DeviceModel(
            new DeviceModel.Rollout(
                rollout.promptTokens(),
                rollout.responseTokens(),
                rollout.prefillTokensPerSecond(),
                rollout.stepSeconds(),
                rollout.rowSeconds(),
                rollout.workerSpread(),
                0.25,
                10,
                rollout.loadSeconds(),
                rollout.updateSeconds()),
            plans.devices.reward(),
            plans.devices.learner(),
            plans.devices.files(),
            plans.devices.network(),
            0);
    SimulationReport slow = plans.run(4);

    assertCompleted(slow);
    assertNotEquals(even.digest(), slow.digest());
    assertTrue(slow.seconds() > even.seconds(), slow + " and " + even);
  }

  /** A run that waits for ever is given up, and the report says so. */
  @Test
  void aRunThatDoesNotEndIsABrokenPromise() {
    plans.horizonSeconds = 5;

    SimulationReport report = plans.run(1);

    assertEquals(Promise.ENDS, report.broken().orElseThrow().promise());
    assertEquals(SimulationReport.Outcome.UNFINISHED, report.outcome());
  }

  @Test
  void aRunThatFailsSaysWhy() {
    plans.faults = "rollout-hang=20/min";
    plans.restarts = 0;

    SimulationReport report = plans.run(1);

    assertEquals(SimulationReport.Outcome.FAILED, report.outcome());
    assertTrue(
        report.reason().matches("rollout-\\d hangs: it got nowhere for 12\\d.* s with groups .*"),
        report.reason());
  }

  static void assertCompleted(SimulationReport report) {
    assertEquals(Optional.empty(), report.broken());
    assertEquals(SimulationReport.Outcome.COMPLETED, report.outcome(), report.reason());
  }
}
