package krites.app.answer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.ImageRef;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is asked: the model, the images, the question, and how the model is told to answer. */
public final class QuestionOptions {

  @Option(
      names = "--model",
      paramLabel = "DIR",
      required = true,
      description = "A model directory of Qwen2.5-VL, for example models/shapes-base.")
  private Path model = Path.of("");

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description = "An image that the question is about. Repeatable, in the order of the prompt.")
  private List<Path> images = new ArrayList<>();

  @Option(names = "--question", paramLabel = "TEXT", description = "The question.")
  private @Nullable String question;

  @Option(
      names = "--question-file",
      paramLabel = "FILE",
      description = "Reads the question from a file; - is standard input.")
  private @Nullable String questionFile;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "The system turn. Default: the chat template's own.")
  private @Nullable String system;

  @Option(
      names = "--instruction",
      paramLabel = "TEXT|published|short",
      description =
          "The line that asks for thinking and a box. published: that of LLaVA-Critic-R1; short: that"
              + " of the built-in world. Default: short for models of the built-in world, else"
              + " published.")
  private @Nullable String instruction;

  @Option(
      names = "--json",
      description = "Prints one JSON document to standard output and nothing else there.")
  private boolean json;

  Path model() {
    return model;
  }

  String question(TextSource texts) {
    return texts.text("--question", question, questionFile);
  }

  Optional<String> system() {
    return Optional.ofNullable(system);
  }

  boolean json() {
    return json;
  }

  /**
   * The images by their paths.
   *
   * @throws InputError if one is not a file
   */
  List<ImageRef> images() {
    for (Path image : images) {
      if (!Files.isRegularFile(image)) {
        throw new InputError(
            "--image "
                + image
                + (Files.exists(image) ? ": expected a file" : ": there is no such file"));
      }
    }
    return images.stream().map(image -> new ImageRef(image.toString())).toList();
  }

  /** The instruction for a model with a vocabulary of this size. */
  String instruction(int vocabulary) {
    return Instruction.of(Optional.ofNullable(instruction), vocabulary);
  }
}
