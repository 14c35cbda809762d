package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Checks the plain formulas of {@code krites.grpo.objective} against {@code
 * DIR/grpo/<source>_<function>.json}.
 *
 * <p>A file, estimator, loss or parameter that is not known is a failed result that says so:
 * nothing is skipped silently. Differences are divided by {@code max(1, |golden|)}, so the
 * tolerance of 1e-5 is absolute for small numbers and relative for large ones.
 */
public final class GrpoCheck implements ConformanceCheck {
  private static final List<String> SOURCES = List.of("easyr1", "critic", "verl");
  private static final List<String> LABEL_KEYS =
      List.of(
          "name",
          "what",
          "estimator",
          "kl_penalty",
          "loss_agg_mode",
          "truncation",
          "norm_adv_by_std_in_grpo");
  private static final List<String> PARAMETER_LABEL_KEYS =
      List.of("loss_type", "loss", "loss_avg_mode", "loss_agg_mode");

  @Override
  public String name() {
    return "grpo";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(directory.resolve(name()))) {
      files = entries.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
    for (Path file : files) {
      runFile(file, results);
    }
  }

  private void runFile(Path file, Consumer<CaseResult> results) throws IOException {
    String stem = file.getFileName().toString().replaceFirst("\\.json$", "");
    JsonNode cases = GoldenJson.cases(this, stem, "file", file, results);
    for (int i = 0; i < cases.size(); i++) {
      String caseName = stem + "/" + i + label(cases.get(i));
      try {
        dispatch(stem, cases.get(i), new GoldenComparison(name(), caseName, results));
      } catch (IllegalArgumentException
          | NullPointerException
          | IndexOutOfBoundsException
          | ClassCastException trouble) {
        results.accept(
            CaseResult.failed(name(), caseName, "case", String.valueOf(trouble.getMessage())));
      }
    }
  }

  private static void dispatch(String stem, JsonNode golden, GoldenComparison comparison) {
    int cut = stem.indexOf('_');
    String source = cut < 0 ? stem : stem.substring(0, cut);
    if (!SOURCES.contains(source)) {
      throw new IllegalArgumentException(
          "unknown source '" + source + "', expected one of " + SOURCES);
    }
    String function = stem.substring(cut + 1);
    switch (function) {
      case "advantages" -> GrpoAdvantageCases.advantages(source, golden, comparison);
      case "compute_rewards" -> GrpoAdvantageCases.computeRewards(golden, comparison);
      case "masked" -> GrpoAdvantageCases.masked(golden, comparison);
      case "response_mask" -> GrpoAdvantageCases.responseMask(golden, comparison);
      case "postprocess_data" -> GrpoAdvantageCases.postprocess(golden, comparison);
      case "kl" -> GrpoLossCases.kl(golden, comparison);
      case "policy_loss" -> GrpoLossCases.policyLoss(source, golden, comparison);
      case "agg_loss" -> GrpoLossCases.aggLoss(golden, comparison);
      case "value_loss" -> GrpoLossCases.valueLoss(golden, comparison);
      case "log_probs" -> GrpoLossCases.logProbs(golden, comparison);
      case "entropy" -> GrpoLossCases.entropy(golden, comparison);
      case "schedules" -> GrpoOptimizerCases.schedule(golden, comparison);
      case "adamw" -> GrpoOptimizerCases.adamW(golden, comparison);
      default ->
          throw new IllegalArgumentException(
              "no check knows the function '" + function + "' of this file");
    }
  }

  /** What tells the cases of one file apart, for people. */
  private static String label(JsonNode golden) {
    Stream<String> ofCase = LABEL_KEYS.stream().map(key -> golden.path(key).asText(""));
    Stream<String> ofParameters =
        PARAMETER_LABEL_KEYS.stream().map(key -> golden.path("params").path(key).asText(""));
    return Stream.concat(ofCase, ofParameters)
        .filter(text -> !text.isEmpty())
        .map(text -> " " + text)
        .collect(Collectors.joining());
  }
}
