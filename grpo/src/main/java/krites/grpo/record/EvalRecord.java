package krites.grpo.record;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import krites.grpo.PolicyVersion;

/**
 * How well a version does on a set of held-out prompts, greedily.
 *
 * @param step steps completed
 * @param version the version that answered
 * @param set name of the set
 * @param items prompts asked
 * @param failed prompts without a reward (not generated or not scored); they are in no mean
 * @param rewardMean mean total reward
 * @param terms mean of each reward term
 * @param responseTokensMean mean length of a response
 * @param accuracyByTag mean {@code accuracy} term for each {@code key=value} of the prompts' tags
 * @param seconds wall time of the evaluation this set was part of
 */
public record EvalRecord(
    long step,
    PolicyVersion version,
    String set,
    long items,
    long failed,
    double rewardMean,
    Map<String, Double> terms,
    double responseTokensMean,
    Map<String, TagAccuracy> accuracyByTag,
    double seconds) {

  /** Accuracy over the {@code items} prompts that carry a tag. */
  public record TagAccuracy(long items, double accuracy) {}

  public EvalRecord {
    terms = Collections.unmodifiableMap(new LinkedHashMap<>(terms));
    accuracyByTag = Collections.unmodifiableMap(new LinkedHashMap<>(accuracyByTag));
  }
}
