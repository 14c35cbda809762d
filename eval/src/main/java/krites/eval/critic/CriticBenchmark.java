package krites.eval.critic;

import java.util.List;
import java.util.Optional;

/**
 * A public benchmark of critics: which numbers it is reported by.
 *
 * @param name the value of {@code --bench}
 * @param title one line for help and reports
 * @param group the tag that pairs are grouped by; empty text for none
 * @param macro whether the mean of the groups' accuracies is reported
 * @param accPlus whether the share of ids with all pairs right is reported
 */
public record CriticBenchmark(
    String name, String title, String group, boolean macro, boolean accPlus) {
  /** All of them. */
  public static final List<CriticBenchmark> ALL =
      List.of(
          new CriticBenchmark(
              "vl-rewardbench",
              "VL-RewardBench; three groups and their mean",
              "group",
              true,
              false),
          new CriticBenchmark(
              "mm-rlhf",
              "MM-RLHF RewardBench; Acc of pairs, Acc+ of ids with all pairs right",
              "category",
              false,
              true),
          new CriticBenchmark(
              "multimodal-rewardbench",
              "Multimodal RewardBench; splits of its categories",
              "split",
              false,
              false),
          new CriticBenchmark(
              "pairs", "any set of pairs that krites data inspect reads", "", false, false),
          new CriticBenchmark(
              "shapes-critic", "held-out pairs of the built-in world", "kind", false, false));

  /** The benchmark of a name. */
  public static Optional<CriticBenchmark> named(String name) {
    return ALL.stream().filter(benchmark -> benchmark.name().equals(name)).findFirst();
  }
}
