package krites.grpo.record;

import krites.grpo.PolicyVersion;
import krites.grpo.flow.Account;

/**
 * A run at its end.
 *
 * @param outcome how it ended
 * @param steps steps completed, those before a resume included
 * @param version the last version
 * @param seed the seed of the run
 * @param wallSeconds from start (or resume) to end
 * @param account what became of all groups
 * @param maxStalenessSeen the largest age of a trained group
 * @param weightsVersions versions announced since start or resume, the first included
 * @param workersLost rollout workers that died
 */
public record RunSummary(
    Outcome outcome,
    long steps,
    PolicyVersion version,
    long seed,
    double wallSeconds,
    Account account,
    long maxStalenessSeen,
    long weightsVersions,
    long workersLost) {

  /** How a run ended. */
  public enum Outcome {
    COMPLETED,
    STOPPED,
    FAILED
  }
}
