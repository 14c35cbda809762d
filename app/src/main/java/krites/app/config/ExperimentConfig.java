package krites.app.config;

import com.typesafe.config.Config;
import java.util.List;
import java.util.Map;

/**
 * An experiment as its file tells it: arms that differ in settings, each run once with every seed.
 *
 * @param name of the file, without its ending
 * @param title of the table and the plot
 * @param question that it asks
 * @param settings of all runs
 * @param assignments {@code key=value}, above the settings of arms and stages
 * @param seeds at least one, all different
 * @param reference name of the arm that the others are compared with
 * @param arms at least one, their names all different
 * @param scale best of n on each cell's model, at most one
 * @param evals benchmarks that each cell's model is asked
 */
public record ExperimentConfig(
    String name,
    String title,
    String question,
    Settings settings,
    List<String> assignments,
    List<Long> seeds,
    String reference,
    List<Arm> arms,
    List<Scale> scale,
    List<Eval> evals) {
  public ExperimentConfig {
    assignments = List.copyOf(assignments);
    seeds = List.copyOf(seeds);
    arms = List.copyOf(arms);
    scale = List.copyOf(scale);
    evals = List.copyOf(evals);
  }

  /**
   * What all runs have in common, the later wins.
   *
   * @param configs recipes and files that all runs begin with
   * @param set settings of the file
   * @param moreConfigs recipes and files that the command line names
   */
  public record Settings(List<String> configs, List<Config> set, List<String> moreConfigs) {
    public Settings {
      configs = List.copyOf(configs);
      set = List.copyOf(set);
      moreConfigs = List.copyOf(moreConfigs);
    }
  }

  /**
   * One way of doing it.
   *
   * @param says what is special about it; may be empty
   * @param stages one after the other, each from the model that the one before left
   */
  public record Arm(String name, String says, List<Stage> stages) {
    public Arm {
      stages = List.copyOf(stages);
    }
  }

  /**
   * A part of an arm.
   *
   * @param kind what it does, for example {@code train}
   * @param arm settings of the arm
   * @param own its own, above those
   */
  public record Stage(String kind, List<Config> arm, List<Config> own) {
    public Stage {
      arm = List.copyOf(arm);
      own = List.copyOf(own);
    }

    /** Whether it sets a key itself. */
    public boolean sets(String key) {
      return own.stream().anyMatch(layer -> layer.hasPath(key));
    }
  }

  /** Best of n; see {@code experiment.conf}. */
  public record Scale(
      String bench,
      String data,
      List<Integer> n,
      List<String> ties,
      int limit,
      double temperature,
      int maxNewTokens,
      boolean base) {
    public Scale {
      n = List.copyOf(n);
      ties = List.copyOf(ties);
    }
  }

  /** A benchmark; see {@code experiment.conf}. */
  public record Eval(
      String name,
      String bench,
      String data,
      String format,
      String images,
      String instruction,
      String wording,
      int limit,
      int maxNewTokens,
      List<String> measures) {
    public Eval {
      measures = List.copyOf(measures);
    }
  }

  /** What is measured on each cell's model, in words that change when it does. */
  public String followUps() {
    return evals.toString() + scale;
  }

  /**
   * The same on other settings, as the command line names them: configurations come above the
   * file's common settings and below those of arms and stages, assignments above all.
   */
  public ExperimentConfig with(List<String> configs, List<String> assignments) {
    return new ExperimentConfig(
        name,
        title,
        question,
        new Settings(settings.configs(), settings.set(), configs),
        assignments,
        seeds,
        reference,
        arms,
        scale,
        evals);
  }

  /**
   * All settings of a stage.
   *
   * @param stage a stage of one of the arms
   * @param more values of keys, above all others
   * @throws ConfigError naming place and key if one is unknown or refused
   */
  public ResolvedConfig resolve(Stage stage, long seed, Map<String, String> more) {
    ConfigReader reader = new ConfigReader().withConfigs(settings.configs());
    settings.set().forEach(reader::withSettings);
    reader.withMoreConfigs(settings.moreConfigs());
    stage.arm().forEach(reader::withSettings);
    stage.own().forEach(reader::withSettings);
    assignments.forEach(assignment -> reader.withAssignment("--set", assignment));
    reader.withValue("seeds of " + name, "run.seed", Long.toString(seed));
    more.forEach((key, value) -> reader.withValue("the stage before", key, value));
    return reader.read();
  }
}
