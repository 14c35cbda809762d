package krites.app.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import krites.app.InputError;
import krites.app.ModelFolder;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.RandomCheckpoint;
import krites.model.qwen25vl.WeightLayout;
import krites.model.safetensors.DType;

/**
 * A model directory for the time of a measurement, in a temporary folder that is removed with it:
 * random weights of a named shape, or links to the files of a given model.
 *
 * <p>Its only stop token is one that no engine ever samples, so that every response has the length
 * that was asked for.
 */
final class BenchModel implements AutoCloseable {
  /** The base that ships with the program. */
  static final String BUILT_IN = "builtin";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long SEED = 1;

  private final String name;
  private final Path folder;
  private final Qwen25VlConfig config;

  private BenchModel(String name, Path folder) {
    this.name = name;
    this.folder = folder;
    this.config = Qwen25VlConfig.load(folder);
  }

  /**
   * Prepares the description; {@link #writeWeights} makes the rest of a named shape.
   *
   * @param shape {@link #BUILT_IN} or one of {@link NamedShape}
   * @param cut layers of the decoder of a named shape; 0 for all
   * @param work where the temporary folder is made
   * @throws InputError if there is no such shape, or a model cannot be used
   */
  static BenchModel prepare(String shape, Optional<Path> model, int cut, Path work) {
    Optional<NamedShape> named = NamedShape.named(shape);
    if (model.isEmpty() && named.isEmpty() && !shape.equals(BUILT_IN)) {
      throw new InputError(
          "--shape " + shape + ": expected " + BUILT_IN + ", " + NamedShape.names());
    }
    boolean random = model.isEmpty() && named.isPresent();
    if (cut < 0 || (cut > 0 && !random)) {
      throw new InputError("--layers " + cut + ": expected a number above 0, beside a --shape");
    }
    Path source = random ? Path.of("") : model.orElseGet(ModelFolder::shipped);
    if (!random) {
      InputError.check(() -> ModelFolder.checked(source));
    }
    Path folder = null;
    try {
      Files.createDirectories(work);
      folder = Files.createTempDirectory(work, "krites-bench");
      if (random) {
        named.get().describe(folder, cut);
      } else {
        link(source, folder);
      }
      neverStop(folder);
      String name =
          model.map(Path::toString).orElse(shape) + (cut > 0 ? ", " + cut + " layers" : "");
      return new BenchModel(name, folder);
    } catch (IOException e) {
      if (folder != null) {
        remove(folder);
      }
      throw new InputError(work + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private static void link(Path source, Path folder) throws IOException {
    try (Stream<Path> files = Files.list(source)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.createSymbolicLink(folder.resolve(file.getFileName()), file.toRealPath());
      }
    }
  }

  /** Placeholders of videos are forbidden to every engine, those of images where there are none. */
  private static void neverStop(Path folder) throws IOException {
    Qwen25VlConfig config = Qwen25VlConfig.load(folder);
    int stop = config.videoToken() >= 0 ? config.videoToken() : config.imageToken();
    ObjectNode generation = JSON.createObjectNode();
    generation.putArray("eos_token_id").add(stop);
    Path file = folder.resolve("generation_config.json");
    Files.deleteIfExists(file); // a link to the model's own
    Files.writeString(file, JSON.writeValueAsString(generation));
  }

  /** Writes random weights, unless the model has its own. */
  void writeWeights(DType type) {
    if (hasWeights()) {
      return;
    }
    try {
      new RandomCheckpoint(WeightLayout.of(config), SEED, type).write(folder, (_, _) -> {});
    } catch (IOException e) {
      throw new InputError(folder + ": cannot write random weights: " + e.getMessage(), e);
    }
  }

  /** Whether there are weights to read. */
  boolean hasWeights() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.anyMatch(file -> file.toString().endsWith(".safetensors"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String name() {
    return name;
  }

  Path folder() {
    return folder;
  }

  Qwen25VlConfig config() {
    return config;
  }

  long parameters() {
    return WeightLayout.of(config).parameters();
  }

  @Override
  public void close() {
    remove(folder);
  }

  private static void remove(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> inside = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : inside) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be removed: " + e.getMessage(), e);
    }
  }
}
