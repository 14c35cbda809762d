package krites.app.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import krites.app.InputError;
import krites.app.config.ExperimentConfig;
import krites.app.config.ResolvedConfig;
import krites.app.run.JsonFile;
import krites.app.run.RunFileException;
import org.jspecify.annotations.Nullable;

/**
 * One arm with one seed, and its folder.
 *
 * @param arm its arm
 * @param seed its seed
 * @param folder where all of it lies
 * @param stages what is done, in order
 */
record Cell(ExperimentConfig.Arm arm, long seed, Path folder, List<Stage> stages) {
  private static final String SETTINGS = "settings.json";
  private static final String RESULT = "result.json";
  private static final String FAILURE = "failure.json";

  /** What was measured on the model, beside what its stages tell. */
  private static final String FOLLOW_UPS = "follow_ups";

  Cell {
    stages = List.copyOf(stages);
  }

  /**
   * A stage of the cell.
   *
   * @param resolved all settings; of a later stage the start model is still to be put in
   */
  record Stage(
      ExperimentConfig.Stage config, StageKind kind, ResolvedConfig resolved, StageFolder folder) {}

  /**
   * The cell of an arm and a seed; reads no model and no data.
   *
   * @param out the experiment's folder
   * @throws krites.app.config.ConfigError if a setting is unknown or refused
   */
  static Cell of(ExperimentConfig experiment, ExperimentConfig.Arm arm, long seed, Path out) {
    Path folder = out.resolve(arm.name()).resolve("seed-" + seed);
    List<Stage> stages = new ArrayList<>();
    for (ExperimentConfig.Stage stage : arm.stages()) {
      StageKind kind =
          StageKind.named(stage.kind())
              .orElseThrow(
                  () ->
                      new InputError(
                          "arm "
                              + arm.name()
                              + ": kind: expected one of "
                              + StageKind.words()
                              + ", found "
                              + stage.kind()));
      int number = stages.size() + 1;
      if (number > 1 && stage.sets(kind.startKey())) {
        throw new InputError(
            "arm "
                + arm.name()
                + ", stage "
                + number
                + ": "
                + kind.startKey()
                + " is the model that the stage before left; leave it out");
      }
      stages.add(
          new Stage(
              stage,
              kind,
              experiment.resolve(stage, seed, Map.of()),
              new StageFolder(folder.resolve("stage-" + number))));
    }
    return new Cell(arm, seed, folder, stages);
  }

  /** For a person: the arm and the seed. */
  String name() {
    return arm.name() + " seed " + seed;
  }

  /** The model that the first stage starts from; empty for fresh weights. */
  String start() {
    Stage first = stages.getFirst();
    return first.kind().start(first.resolved());
  }

  /**
   * Refuses a folder that was begun with other settings.
   *
   * @throws InputError naming the first key that differs
   */
  void requireSameSettings() {
    Map<String, Object> before = JsonFile.read(folder.resolve(SETTINGS));
    if (before.isEmpty()) {
      return;
    }
    Map<String, String> defaults = stages.getFirst().resolved().defaults();
    Map<String, String> now = settings();
    for (Map.Entry<String, String> value : now.entrySet()) {
      String key = value.getKey().substring(value.getKey().indexOf(' ') + 1);
      Object was = before.getOrDefault(value.getKey(), defaults.get(key));
      if (!Objects.equals(was, value.getValue())) {
        throw changed(value.getKey(), was, value.getValue());
      }
    }
    for (String key : before.keySet()) {
      if (key.endsWith(" kind") && !now.containsKey(key)) {
        throw changed(key, before.get(key), "nothing");
      }
    }
  }

  private InputError changed(String key, @Nullable Object was, Object now) {
    return new InputError(
        folder
            + " was begun with other settings: "
            + key
            + " was "
            + was
            + " and is now "
            + now
            + "; name another folder with --out, or remove this one");
  }

  /** Writes down what the cell is begun with. */
  void writeSettings() {
    if (!Files.exists(folder.resolve(SETTINGS))) {
      JsonFile.write(folder.resolve(SETTINGS), settings());
    }
  }

  /** Every setting of every stage: {@code stage-1 learner.lr}. */
  private Map<String, String> settings() {
    Map<String, String> all = new LinkedHashMap<>();
    for (int i = 0; i < stages.size(); i++) {
      String stage = "stage-" + (i + 1) + " ";
      all.put(stage + "kind", stages.get(i).kind().word());
      stages.get(i).resolved().values().forEach((key, value) -> all.put(stage + key, value));
      if (i > 0) {
        all.put(stage + stages.get(i).kind().startKey(), "stage-" + i);
      }
    }
    return all;
  }

  /** What the cell gave; empty while it has not been measured as the experiment says. */
  Optional<CellResult> result(ExperimentConfig experiment) {
    Map<String, Object> written = JsonFile.read(folder.resolve(RESULT));
    return experiment.followUps().equals(written.get(FOLLOW_UPS))
        ? Optional.of(CellResult.read(written))
        : Optional.empty();
  }

  /** Writes what the cell gave: it is done. */
  void writeResult(CellResult result, ExperimentConfig experiment) {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("arm", arm.name());
    content.put("seed", seed);
    content.put(FOLLOW_UPS, experiment.followUps());
    content.putAll(result.json());
    JsonFile.write(folder.resolve(RESULT), content);
  }

  /** Why the cell failed when it was last tried; empty if it did not. */
  String failure() {
    Object reason = JsonFile.read(folder.resolve(FAILURE)).get("reason");
    return reason == null ? "" : reason.toString();
  }

  void writeFailure(String reason) {
    JsonFile.write(folder.resolve(FAILURE), Map.of("reason", reason));
  }

  /** Whether anything of it was begun. */
  boolean isBegun() {
    return Files.exists(folder.resolve(SETTINGS));
  }

  /** Forgets the failure: the cell is tried again. */
  void clearFailure() {
    try {
      Files.deleteIfExists(folder.resolve(FAILURE));
    } catch (IOException e) {
      throw new RunFileException("delete", folder.resolve(FAILURE), e);
    }
  }
}
