package krites.grpo.record;

import java.util.List;
import java.util.Map;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.Account;
import krites.grpo.flow.Wait;

/**
 * A run as it stands at one moment, for a person who asks.
 *
 * @param phase starting, running, evaluating, closing or ended
 * @param step steps completed
 * @param steps steps of the whole run
 * @param version the version being trained
 * @param account what became of all groups
 * @param settings settings that were changed while the run went on, with their values
 * @param waits who waits for whom
 * @param setAside prompts that are not issued any more, by index, with the reason
 * @param idleSeconds since anything moved
 * @param diagnosis what the run hangs on, empty while it moves
 * @param numbers named numbers; see docs/metrics.md
 */
public record RunStatus(
    String phase,
    long step,
    long steps,
    PolicyVersion version,
    Account account,
    Map<String, String> settings,
    List<Wait> waits,
    Map<Long, String> setAside,
    double idleSeconds,
    String diagnosis,
    Map<String, Double> numbers) {
  public RunStatus {
    settings = Map.copyOf(settings);
    waits = List.copyOf(waits);
    setAside = Map.copyOf(setAside);
    numbers = Map.copyOf(numbers);
  }
}
