package krites.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import krites.app.config.RunConfig;
import krites.app.run.RunDirectory;
import krites.data.table.Shards;
import krites.learner.OptimizerKind;

/**
 * What must stay the same while a run goes on: its seed, its model, its prompts and the shape of
 * its batches. All else may be changed by a resume.
 *
 * @param values each key with its value as text; files stand by their length and CRC-32C, so that
 *     they may be moved
 */
record RunIdentity(Map<String, String> values) {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int BUFFER_BYTES = 1 << 20; // large reads: a model has gigabytes

  /** What keys mean that a run was started without, because they came later. */
  private static final Map<String, String> EARLIER =
      Map.of(
          "learner.optimizer", OptimizerKind.ADAMW.key(),
          "learner.lora.rank", "0",
          "data.format", "auto",
          "data.on-bad-row", "STOP",
          "data.tie-map", "RANDOM",
          "data.order", "FILE",
          "data.both-orders", "false",
          "data.order-seed", "1",
          "data.train-policy", "none");

  RunIdentity {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /**
   * The identity of the run that a configuration describes; reads the model's and the data's files
   * once.
   *
   * @throws UncheckedIOException if one of them cannot be read
   */
  static RunIdentity of(RunConfig config) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("run.seed", Long.toString(config.run().seed()));
    values.put("rollout.group-size", Integer.toString(config.rollout().groupSize()));
    values.put("rollout.groups-per-step", Integer.toString(config.rollout().groupsPerStep()));
    values.put("learner.optimizer", config.learner().optimizer().key());
    RunConfig.Lora lora = config.learner().lora();
    values.put("learner.lora.rank", Integer.toString(lora.rank()));
    if (lora.rank() > 0) {
      putAll(values, "learner.lora", lora, List.of("rank"));
    }
    values.put("model.path", model(ModelFolder.place(config.model())));
    putAll(values, "model", config.model(), List.of("path"));
    putData(values, config.data());
    if (config.data().trainsWorld()) {
      putAll(values, "world", config.world(), List.of());
    }
    return new RunIdentity(values);
  }

  private static void putData(Map<String, String> values, RunConfig.Data data) {
    values.put("data.train", data.trainsCritic() ? data(data.train()) : "none");
    values.put("data.train-policy", data.trainsPolicy() ? data(data.trainPolicy()) : "none");
    if (data.trainsPolicy()) {
      values.put("data.policy-share", Double.toString(data.policyShare()));
    }
    putAll(
        values,
        "data",
        data,
        List.of("train", "train-policy", "policy-share", "eval-critic", "eval-policy", "images"));
  }

  /**
   * Compares with what a run was started with.
   *
   * @throws InputError naming the first key that differs, what was expected and what was found
   */
  void requireSameAs(Path runFolder) {
    Path file = runFolder.resolve(RunDirectory.IDENTITY);
    Map<String, String> before;
    try {
      before = MAPPER.readValue(Files.readString(file), new TypeReference<>() {});
    } catch (JsonProcessingException e) {
      throw new InputError(file + ": expected an object of texts: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new InputError("cannot read " + file + ", which says what the run was started with", e);
    }
    for (Map.Entry<String, String> value : values.entrySet()) {
      String expected =
          before.getOrDefault(value.getKey(), EARLIER.getOrDefault(value.getKey(), "nothing"));
      if (!expected.equals(value.getValue())) {
        throw new InputError(
            value.getKey()
                + ": expected "
                + expected
                + " as in the run to resume, found "
                + value.getValue());
      }
    }
  }

  /** Components of a section's record under the names of their keys. */
  private static void putAll(
      Map<String, String> values, String section, Record settings, List<String> without) {
    for (RecordComponent component : settings.getClass().getRecordComponents()) {
      String key = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      if (!without.contains(key)) {
        try {
          values.put(section + "." + key, String.valueOf(component.getAccessor().invoke(settings)));
        } catch (ReflectiveOperationException e) {
          throw new IllegalStateException(section + "." + key + " cannot be read", e);
        }
      }
    }
  }

  private static String data(String train) {
    if (train.equals(RunConfig.BUILT_IN_WORLD)) {
      return train;
    }
    try {
      return "data " + digest(Shards.of(train), false);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + train + ": " + e.getMessage(), e);
    }
  }

  /**
   * Length and checksum of the files of a model directory.
   *
   * @throws UncheckedIOException if one of them cannot be read
   */
  static String model(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return "a model " + digest(files.filter(RunIdentity::belongsToModel).sorted().toList(), true);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the model " + folder + ": " + e.getMessage(), e);
    }
  }

  private static boolean belongsToModel(Path file) {
    String name = file.getFileName().toString();
    return Files.isRegularFile(file)
        && Stream.of(".safetensors", ".json", ".txt", ".jinja").anyMatch(name::endsWith);
  }

  private static String digest(List<Path> files, boolean named) {
    CRC32C crc = new CRC32C();
    byte[] buffer = new byte[BUFFER_BYTES];
    long bytes = 0;
    for (Path file : files) {
      if (named) {
        crc.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
      }
      try (InputStream in = Files.newInputStream(file)) {
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          crc.update(buffer, 0, read);
          bytes += read;
        }
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
      }
    }
    return "of " + bytes + " bytes with crc " + HexFormat.of().toHexDigits((int) crc.getValue());
  }
}
