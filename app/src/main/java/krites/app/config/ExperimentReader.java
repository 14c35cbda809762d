package krites.app.config;

import static krites.app.config.DocumentReader.SET;
import static krites.app.config.DocumentReader.named;
import static krites.app.config.DocumentReader.objects;
import static krites.app.config.DocumentReader.refused;
import static krites.app.config.DocumentReader.requireDifferent;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads experiment files: HOCON with the keys of {@code experiment.conf}, and within {@code set}
 * those of {@code krites.conf}. Errors name the file, the line and the key.
 */
public final class ExperimentReader {
  private static final String ARMS = "arms";
  private static final String STAGES = "stages";
  private static final String SCALE = "scale";
  private static final String EVALS = "evals";

  /** What the experiment itself decides. */
  private static final List<String> DECIDED = List.of("run.seed", "run.dir", "run.name");

  private final DocumentReader document = new DocumentReader("experiment.conf", "the experiment");

  /**
   * Reads a file.
   *
   * @throws ConfigError if it does not exist, cannot be parsed, or says something impossible
   */
  public ExperimentConfig read(Path file) {
    return DocumentReader.read(file, "experiment file", (name, config) -> read(name, file, config));
  }

  private ExperimentConfig read(String name, Path file, Config config) {
    KeyReader keys = document.keys("experiment", config, SET, ARMS, SCALE, EVALS);
    List<ExperimentConfig.Arm> arms = objects(config, ARMS).stream().map(this::arm).toList();
    if (arms.isEmpty()) {
      throw new ConfigError(file + ": arms: expected a list of at least one { name = ... }");
    }
    requireDifferent(config, ARMS, arms.stream().map(ExperimentConfig.Arm::name).toList());
    List<Long> seeds = keys.intsAt("seeds").stream().map(Integer::longValue).toList();
    requireDifferent(config, "seeds", seeds);
    if (seeds.isEmpty()) {
      throw refused(config, "seeds", "expected at least one");
    }
    String reference = keys.textAt("reference");
    if (!reference.isEmpty() && arms.stream().noneMatch(arm -> arm.name().equals(reference))) {
      throw refused(config, "reference", "no arm is named " + reference);
    }
    List<ExperimentConfig.Eval> evals = objects(config, EVALS).stream().map(this::eval).toList();
    requireDifferent(config, EVALS, evals.stream().map(ExperimentConfig.Eval::name).toList());
    return new ExperimentConfig(
        name,
        keys.textAt("title").isEmpty() ? name : keys.textAt("title"),
        keys.textAt("question"),
        new ExperimentConfig.Settings(
            keys.textsAt("config"), document.set(config, DECIDED), List.of()),
        List.of(),
        seeds,
        reference.isEmpty() ? arms.getFirst().name() : reference,
        arms,
        config.hasPath(SCALE) ? List.of(scale(config.getConfig(SCALE))) : List.of(),
        evals);
  }

  private ExperimentConfig.Arm arm(Config arm) {
    KeyReader keys = document.keys("arm", arm, SET, STAGES);
    String name = named(arm, "arms", keys.textAt("name"));
    List<Config> settings = document.set(arm, DECIDED);
    List<ExperimentConfig.Stage> stages = new ArrayList<>();
    for (Config stage : objects(arm, STAGES)) {
      stages.add(
          new ExperimentConfig.Stage(
              document.keys("stage", stage, SET).textAt("kind"),
              settings,
              document.set(stage, DECIDED)));
    }
    if (stages.isEmpty()) {
      String kind = document.keys("stage", ConfigFactory.empty()).textAt("kind");
      stages.add(new ExperimentConfig.Stage(kind, settings, List.of()));
    }
    return new ExperimentConfig.Arm(name, keys.textAt("says"), stages);
  }

  private ExperimentConfig.Scale scale(Config scale) {
    KeyReader keys = document.keys("scale", scale);
    return new ExperimentConfig.Scale(
        keys.textAt("bench"),
        keys.textAt("data"),
        keys.intsAt("n"),
        keys.textsAt("ties"),
        keys.intAt("limit"),
        keys.doubleAt("temperature"),
        keys.intAt("max-new-tokens"),
        keys.booleanAt("base"));
  }

  private ExperimentConfig.Eval eval(Config eval) {
    KeyReader keys = document.keys("eval", eval);
    String bench = keys.textAt("bench");
    if (bench.isEmpty()) {
      throw new ConfigError(
          Place.of(eval.root().origin()) + ": evals: expected a bench, such as shapes-critic");
    }
    String name = keys.textAt("name");
    return new ExperimentConfig.Eval(
        named(eval, "evals", name.isEmpty() ? bench : name),
        bench,
        keys.textAt("data"),
        keys.textAt("format"),
        keys.textAt("images"),
        keys.textAt("instruction"),
        keys.textAt("wording"),
        keys.intAt("limit"),
        keys.intAt("max-new-tokens"),
        keys.textsAt("measures"));
  }
}
