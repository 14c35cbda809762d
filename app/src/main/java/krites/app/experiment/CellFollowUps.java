package krites.app.experiment;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import krites.app.InputError;
import krites.app.ModelFolder;
import krites.app.config.ExperimentConfig;
import krites.app.config.RunConfig;
import krites.app.eval.ScalePlan;
import krites.eval.critic.CriticBenchmark;
import krites.eval.policy.PolicyBenchmark;
import krites.eval.scaling.TieBreak;

/** What is measured on the model that a cell ends with: the verbs and where they leave what. */
final class CellFollowUps {
  /** Benchmarks of the built-in world begin so, and need no data. */
  private static final String BUILT_IN = "shapes-";

  private CellFollowUps() {}

  /**
   * Refuses what a verb would refuse after hours of training.
   *
   * @throws InputError naming what is wrong
   */
  static void check(ExperimentConfig experiment) {
    for (ExperimentConfig.Eval eval : experiment.evals()) {
      boolean known =
          PolicyBenchmark.named(eval.bench()).isPresent()
              || CriticBenchmark.named(eval.bench()).isPresent();
      requireBench("evals", eval.bench(), known, eval.data(), eval.limit());
      requireTokens("evals", eval.maxNewTokens());
    }
    for (ExperimentConfig.Scale scale : experiment.scale()) {
      boolean known = PolicyBenchmark.named(scale.bench()).isPresent();
      requireBench("scale", scale.bench(), known, scale.data(), scale.limit());
      requireTokens("scale", scale.maxNewTokens());
      ScalePlan _ =
          new ScalePlan(
              Path.of(""),
              scale.n(),
              (float) scale.temperature(),
              Optional.empty(),
              Optional.empty(),
              scale.ties().stream().map(CellFollowUps::tie).toList(),
              1,
              Optional.empty());
    }
  }

  private static void requireBench(
      String section, String bench, boolean known, String data, int limit) {
    if (!known) {
      throw new InputError(section + ": bench: " + bench + " is no benchmark that can stand there");
    }
    if (data.isEmpty() && !bench.startsWith(BUILT_IN)) {
      throw new InputError(section + ": " + bench + " needs data, its published file or folder");
    }
    if (!data.isEmpty() && !Files.exists(Path.of(data.replaceFirst("@[^@/]*$", "")))) {
      throw new InputError(section + ": data " + data + " does not exist");
    }
    if (limit < 0) {
      throw new InputError(section + ": limit: expected at least 0, found " + limit);
    }
  }

  private static void requireTokens(String section, int maxNewTokens) {
    if (maxNewTokens < 1) {
      throw new InputError(
          section + ": max-new-tokens: expected at least 1, found " + maxNewTokens);
    }
  }

  private static TieBreak tie(String name) {
    return TieBreak.named(name)
        .orElseThrow(
            () ->
                new InputError(
                    "scale: ties: expected random, both-orders, confidence or best-of-K, found "
                        + name));
  }

  /** The folder of a benchmark. */
  static Path evalFolder(Cell cell, ExperimentConfig.Eval eval) {
    return cell.folder().resolve("eval-" + eval.name());
  }

  /** The folder of best of n. */
  static Path scaleFolder(Cell cell) {
    return cell.folder().resolve("scale");
  }

  /** All of them by name, with the verb that does it. */
  static Map<String, List<String>> verbs(Cell cell, ExperimentConfig experiment, Path model) {
    Map<String, List<String>> verbs = new LinkedHashMap<>();
    for (ExperimentConfig.Eval eval : experiment.evals()) {
      verbs.put("eval " + eval.name(), eval(cell, eval, model));
    }
    for (ExperimentConfig.Scale scale : experiment.scale()) {
      verbs.put("scale", scale(cell, scale, model));
    }
    return verbs;
  }

  private static List<String> eval(Cell cell, ExperimentConfig.Eval eval, Path model) {
    List<String> verb = begin("eval", cell, model, eval.bench(), eval.data(), eval.limit());
    add(verb, "--format", eval.format());
    add(verb, "--images", eval.images());
    add(verb, "--instruction", eval.instruction());
    add(verb, "--wording", eval.wording());
    add(verb, "--max-new-tokens", Integer.toString(eval.maxNewTokens()));
    add(verb, "--out", evalFolder(cell, eval).toString());
    return verb;
  }

  private static List<String> scale(Cell cell, ExperimentConfig.Scale scale, Path model) {
    List<String> verb = begin("scale", cell, model, scale.bench(), scale.data(), scale.limit());
    add(verb, "--n", scale.n().stream().map(String::valueOf).collect(Collectors.joining(",")));
    add(verb, "--ties", String.join(",", scale.ties()));
    add(verb, "--temperature", Double.toString(scale.temperature()));
    add(verb, "--max-new-tokens", Integer.toString(scale.maxNewTokens()));
    add(verb, "--out", scaleFolder(cell).toString());
    if (scale.base() && !cell.start().isEmpty()) {
      boolean builtIn = cell.start().equals(RunConfig.BUILT_IN_MODEL);
      add(verb, "--base", builtIn ? ModelFolder.shipped().toString() : cell.start());
    }
    return verb;
  }

  private static List<String> begin(
      String verb, Cell cell, Path model, String bench, String data, int limit) {
    List<String> arguments = new ArrayList<>();
    arguments.add(verb);
    add(arguments, "--config", cell.stages().getLast().folder().settings().toString());
    add(arguments, "--seed", Long.toString(cell.seed()));
    add(arguments, "--model", model.toString());
    add(arguments, "--bench", bench);
    add(arguments, "--data", data);
    add(arguments, "--limit", limit == 0 ? "" : Integer.toString(limit));
    return arguments;
  }

  private static void add(List<String> arguments, String option, String value) {
    if (!value.isEmpty()) {
      arguments.add(option);
      arguments.add(value);
    }
  }
}
