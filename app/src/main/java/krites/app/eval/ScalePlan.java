package krites.app.eval;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.InputError;
import krites.eval.scaling.TieBreak;

/**
 * What is tried at test time.
 *
 * @param model answers, and judges its own answers
 * @param sizes numbers of answers to choose from: powers of two, rising
 * @param temperature of the answers
 * @param critic another model that judges
 * @param base the model before its training, as a judge
 * @param ties how judgements become winners
 * @param judgeTemperature of judgements that are sampled
 * @param wording how two answers are put to a judge; empty for what fits the judge
 */
public record ScalePlan(
    Path model,
    List<Integer> sizes,
    float temperature,
    Optional<Path> critic,
    Optional<Path> base,
    List<TieBreak> ties,
    float judgeTemperature,
    Optional<String> wording) {
  /** The most answers that the paper chooses from. */
  private static final int SIZE_MAX = 128;

  public ScalePlan {
    sizes = sizes.stream().sorted().distinct().toList();
    ties = List.copyOf(ties);
    for (int size : sizes) {
      if (size < 2 || size > SIZE_MAX || Integer.bitCount(size) != 1) {
        throw new InputError("--n " + size + ": expected 2, 4, 8, 16, 32, 64 or 128");
      }
    }
    if (sizes.isEmpty() || ties.isEmpty()) {
      throw new InputError("--n and --ties need at least one value");
    }
    if (!(temperature > 0)) {
      throw new InputError("--temperature " + temperature + ": expected a number above 0");
    }
    if (!(judgeTemperature > 0)) {
      throw new InputError(
          "--judge-temperature " + judgeTemperature + ": expected a number above 0");
    }
  }

  /** Answers that are sampled to each question. */
  int answers() {
    return sizes.getLast();
  }

  /** Who judges, by name. */
  Map<String, Path> judges() {
    Map<String, Path> judges = new LinkedHashMap<>();
    judges.put("self", model);
    critic.ifPresent(path -> judges.put("critic", path));
    base.ifPresent(path -> judges.put("base", path));
    return judges;
  }
}
