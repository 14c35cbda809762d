package krites.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import krites.app.config.RunConfig;
import krites.app.run.CheckpointFiles;
import krites.learner.DjlPolicyTrainer.ModelSaver;
import krites.model.image.ImageProcessor;
import krites.model.lora.LoraFiles;
import krites.model.qwen25vl.CheckpointCheck;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.SavedWeights;
import krites.model.qwen25vl.StatedType;
import krites.model.safetensors.DType;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.StopTokens;
import krites.model.tokenizer.Tokenizer;

/**
 * A Hugging Face model directory: where it lies, that it is complete, and how a trained copy is
 * written.
 *
 * @param path the directory
 */
public record ModelFolder(Path path) implements ModelSaver {
  /** Where the shipped base lies below the project's folder. */
  public static final Path SHIPPED = Path.of("models", "shapes-base");

  /** Set by the launcher: the project's folder. */
  private static final String HOME_PROPERTY = "krites.home";

  /**
   * The directory that a configuration names, with all of it read once but the values of its
   * weights.
   *
   * @throws InputError if it does not exist
   * @throws krites.model.safetensors.CheckpointException if a file of it is missing, malformed or
   *     cut short
   */
  public static ModelFolder of(RunConfig.Model settings) {
    return checked(place(settings));
  }

  /** A directory that someone named, checked in the same way. */
  public static ModelFolder checked(Path path) {
    ModelFolder folder = new ModelFolder(path);
    folder.check();
    return folder;
  }

  /** The directory that a configuration names, which is not looked at. */
  public static Path place(RunConfig.Model settings) {
    return settings.path().equals(RunConfig.BUILT_IN_MODEL) ? shipped() : Path.of(settings.path());
  }

  private void check() {
    if (!Files.isDirectory(path)) {
      throw new InputError("model directory " + path + " does not exist");
    }
    if (LoraFiles.isAdapter(path)) {
      throw new InputError(
          path + " holds adapters, not a model: make one with krites model export " + path);
    }
    Qwen25VlConfig network = Qwen25VlConfig.load(path);
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(path)) {
      CheckpointCheck.require(checkpoint, network);
    }
    StopTokens stops = StopTokens.load(path);
    ImageProcessor.load(path);
    // Last, since a tokenizer of full size takes longest to read.
    ChatTemplate.load(path);
    Tokenizer.check(path, network, stops);
  }

  /**
   * The base that ships: below the launcher's project folder, else below the working directory or
   * its parent.
   */
  public static Path shipped() {
    String home = System.getProperty(HOME_PROPERTY, "");
    List<Path> places =
        home.isEmpty() ? List.of(Path.of(""), Path.of("..")) : List.of(Path.of(home));
    return places.stream()
        .map(place -> place.resolve(SHIPPED))
        .filter(Files::isDirectory)
        .findFirst()
        .orElseThrow(
            () ->
                new InputError(
                    "the shipped base "
                        + SHIPPED
                        + " is not there; make it with krites sft --out "
                        + SHIPPED
                        + ", or set model.path"));
  }

  /**
   * Writes weights in float32, and beside them every other file of this directory that describes
   * the model.
   */
  @Override
  public void save(Path directory, SavedWeights weights) throws IOException {
    copyDescription(directory, DType.F32);
    weights.save(directory, DType.F32);
  }

  /** The type of the first weight: that of all, where nobody mixed them. */
  DType dtype() {
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(path)) {
      return checkpoint.entry(checkpoint.names().iterator().next()).dtype();
    }
  }

  /**
   * Copies every file that describes the model, and no weights.
   *
   * @param dtype of the weights that will lie there: what config.json states of them, if it does
   */
  public void copyDescription(Path directory, DType dtype) throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      for (Path file : files.filter(ModelFolder::describesModel).toList()) {
        Path copy = directory.resolve(file.getFileName());
        if (copy.endsWith("config.json")) {
          Files.writeString(copy, StatedType.restate(Files.readString(file), dtype));
        } else {
          copy(file, copy);
        }
      }
    }
  }

  /** Copies the files that describe the model and that a directory lacks. */
  void completeDescription(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      for (Path file : files.filter(ModelFolder::describesModel).toList()) {
        Path copy = directory.resolve(file.getFileName());
        if (!Files.exists(copy)) {
          copy(file, copy);
        }
      }
    }
  }

  /** The bytes alone: a copy of a file that may not be written could not be forced to disk. */
  private static void copy(Path file, Path copy) throws IOException {
    Files.write(copy, Files.readAllBytes(file));
  }

  private static boolean describesModel(Path file) {
    String name = file.getFileName().toString();
    boolean text = name.endsWith(".json") || name.endsWith(".txt") || name.endsWith(".jinja");
    return text
        && Files.isRegularFile(file)
        && !name.contains("safetensors")
        && !name.equals(CheckpointFiles.STATE);
  }
}
