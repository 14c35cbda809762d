package krites.simulator;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import krites.grpo.Drop;

/**
 * What came out of one simulation. All times are virtual.
 *
 * @param seed its seed
 * @param outcome completed, stopped or failed; unfinished when a promise was broken first
 * @param reason why it did not complete; empty when it did
 * @param broken the promise that was broken, if one was
 * @param seconds from start to end, the times after kills included
 * @param steps training steps completed
 * @param stepsPerMinute over the whole time
 * @param trainingStepsPerMinute evaluations, restarts and the time before the first step left out
 * @param tokensPerSecond response tokens of trained groups over the whole time
 * @param groupSeconds median time from asking for a group until it was sampled
 * @param utilisation share of the time that the nodes of each role worked
 * @param ages trained groups by age in versions
 * @param issued groups started
 * @param trained groups trained
 * @param inFlight groups that had not ended
 * @param dropped groups dropped, by reason
 * @param faults how often each fault struck, and the node time that it cost
 * @param metrics the run's own metrics, as in {@code metrics.jsonl}: the mean over its steps, the
 *     first left out, which waits for engines and weights to be loaded
 * @param restarts times that the whole process was started again
 * @param messages messages that were delivered
 * @param events what the loop handled
 * @param digest of the whole trace: equal digests mean equal simulations
 */
public record SimulationReport(
    long seed,
    Outcome outcome,
    String reason,
    Optional<BrokenPromise> broken,
    double seconds,
    long steps,
    double stepsPerMinute,
    double trainingStepsPerMinute,
    double tokensPerSecond,
    double groupSeconds,
    Map<String, Double> utilisation,
    Map<Long, Long> ages,
    long issued,
    long trained,
    long inFlight,
    Map<Drop, Long> dropped,
    List<FaultCost> faults,
    Map<String, Double> metrics,
    int restarts,
    long messages,
    long events,
    String digest) {

  /** How a simulated run ended. */
  public enum Outcome {
    COMPLETED,
    STOPPED,
    FAILED,
    UNFINISHED
  }

  /**
   * What a fault did.
   *
   * @param strikes how often it struck
   * @param lostSeconds time that nodes stood still, were down, or did again because of it, all
   *     nodes together
   */
  public record FaultCost(FaultKind kind, long strikes, double lostSeconds) {}

  public SimulationReport {
    utilisation = Collections.unmodifiableMap(new LinkedHashMap<>(utilisation));
    ages = Collections.unmodifiableMap(new TreeMap<>(ages));
    EnumMap<Drop, Long> copy = new EnumMap<>(Drop.class);
    copy.putAll(dropped);
    dropped = Collections.unmodifiableMap(copy);
    faults = List.copyOf(faults);
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
  }
}
