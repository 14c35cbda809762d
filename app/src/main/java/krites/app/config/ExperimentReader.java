package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads experiment files: HOCON with the keys of {@code experiment.conf}, and within {@code set}
 * those of {@code krites.conf}. Errors name the file, the line and the key.
 */
public final class ExperimentReader {
  private static final String SET = "set";
  private static final String ARMS = "arms";
  private static final String STAGES = "stages";
  private static final String SCALE = "scale";
  private static final String EVALS = "evals";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  /** What the experiment itself decides. */
  private static final List<String> DECIDED = List.of("run.seed", "run.dir", "run.name");

  private final KnownKeys known = KnownKeys.load("experiment.conf");
  private final KnownKeys settings = KnownKeys.load();

  /**
   * Reads a file.
   *
   * @throws ConfigError if it does not exist, cannot be parsed, or says something impossible
   */
  public ExperimentConfig read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ConfigError("experiment file " + file + " does not exist");
    }
    try {
      Config config =
          ConfigFactory.parseFile(
                  file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
              .resolve();
      return read(String.valueOf(file.getFileName()).replaceFirst("\\.conf$", ""), file, config);
    } catch (ConfigException e) {
      throw new ConfigError(String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " "), e);
    }
  }

  private ExperimentConfig read(String name, Path file, Config config) {
    KeyReader keys = keys("experiment", config, SET, ARMS, SCALE, EVALS);
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
        new ExperimentConfig.Settings(keys.textsAt("config"), set(config), List.of()),
        List.of(),
        seeds,
        reference.isEmpty() ? arms.getFirst().name() : reference,
        arms,
        config.hasPath(SCALE) ? List.of(scale(config.getConfig(SCALE))) : List.of(),
        evals);
  }

  private ExperimentConfig.Arm arm(Config arm) {
    KeyReader keys = keys("arm", arm, SET, STAGES);
    String name = named(arm, "arms", keys.textAt("name"));
    List<Config> settings = set(arm);
    List<ExperimentConfig.Stage> stages = new ArrayList<>();
    for (Config stage : objects(arm, STAGES)) {
      stages.add(
          new ExperimentConfig.Stage(
              keys("stage", stage, SET).textAt("kind"), settings, set(stage)));
    }
    if (stages.isEmpty()) {
      String kind = keys("stage", ConfigFactory.empty()).textAt("kind");
      stages.add(new ExperimentConfig.Stage(kind, settings, List.of()));
    }
    return new ExperimentConfig.Arm(name, keys.textAt("says"), stages);
  }

  private ExperimentConfig.Scale scale(Config scale) {
    KeyReader keys = keys("scale", scale);
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
    KeyReader keys = keys("eval", eval);
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

  /** The keys of one section of {@code experiment.conf}, those that it does not know refused. */
  private KeyReader keys(String section, Config config, String... others) {
    Config plain = config;
    for (String other : others) {
      plain = plain.withoutPath(other);
    }
    known.check(plain.atPath(section));
    return new KeyReader(plain.withFallback(known.defaults().getConfig(section)));
  }

  /** What stands in {@code set}: none or one layer of settings. */
  private List<Config> set(Config config) {
    if (!config.hasPathOrNull(SET)) {
      return List.of();
    }
    ConfigValue value = config.root().get(SET);
    if (value == null || value.valueType() != ConfigValueType.OBJECT) {
      throw refused(config, SET, "expected settings { key = value }");
    }
    Config set = config.getConfig(SET);
    settings.check(set);
    for (String key : DECIDED) {
      if (set.hasPath(key)) {
        throw new ConfigError(
            Place.of(set.getValue(key).origin())
                + ": "
                + key
                + ": the experiment decides that; leave it out");
      }
    }
    return List.of(set);
  }

  private static List<Config> objects(Config config, String key) {
    if (!config.hasPathOrNull(key)) {
      return List.of();
    }
    ConfigValue value = config.root().get(key);
    boolean objects =
        value != null
            && value.valueType() == ConfigValueType.LIST
            && config.getList(key).stream()
                .allMatch(element -> element.valueType() == ConfigValueType.OBJECT);
    if (!objects) {
      throw refused(config, key, "expected a list [ { ... }, { ... } ]");
    }
    return List.copyOf(config.getConfigList(key));
  }

  private static String named(Config config, String list, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new ConfigError(
          Place.of(config.root().origin())
              + ": "
              + list
              + ": expected a name of letters, digits, . _ and -, found \""
              + name
              + '"');
    }
    return name;
  }

  private static void requireDifferent(Config config, String key, List<?> values) {
    Set<Object> seen = new HashSet<>();
    for (Object value : values) {
      if (!seen.add(value)) {
        throw refused(config, key, value + " stands there twice");
      }
    }
  }

  private static ConfigError refused(Config config, String key, String trouble) {
    return new ConfigError(Place.of(config.getValue(key).origin()) + ": " + key + ": " + trouble);
  }
}
