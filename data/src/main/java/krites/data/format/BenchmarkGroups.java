package krites.data.format;

import java.util.List;
import java.util.Locale;

/** What critic benchmarks group their accuracies by. */
public final class BenchmarkGroups {
  private static final List<String> HALLUCINATION = List.of("rlhf", "rlaif", "hallucination");
  private static final List<String> REASONING = List.of("mathverse", "mmmu");
  private static final List<String> MM_RLHF = List.of("mcq", "long", "short", "safety", "video");

  private BenchmarkGroups() {}

  /**
   * The group of a VL-RewardBench id: what stands before the first {@code -}, then before the first
   * {@code _}.
   *
   * <p>Source: the public scorers; without lower-casing, as in one of them, RLHF-V and RLAIF-V ids
   * fall into {@code general}.
   */
  public static String vlRewardBench(String id) {
    String prefix = id.split("-", 2)[0].split("_", 2)[0].toLowerCase(Locale.ROOT);
    if (HALLUCINATION.contains(prefix)) {
      return "hallucination";
    }
    return REASONING.contains(prefix) ? "reasoning" : "general";
  }

  /** The category of an MM-RLHF RewardBench row: the one that its path contains. */
  public static String mmRlhf(String path) {
    return MM_RLHF.stream().filter(path::contains).findFirst().orElse("other");
  }
}
