package krites.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.display.ByteProgress;
import krites.app.display.Terminal;
import krites.model.qwen25vl.StoredNames;
import krites.model.safetensors.ContentDigest;
import krites.model.safetensors.SafetensorsCheckpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites model info}: what a model directory holds. */
@Command(
    name = "info",
    description = "Checks a model directory and says what it holds.",
    footer = {
      "",
      "With --hash every byte is read: SHA-256 of each file, and a content digest of all weights that is the same",
      "however they are spread over shards and whichever of the two naming styles they have.",
      "",
      "Examples:",
      "  krites model info Qwen2.5-VL-7B-Instruct",
      "  krites model info runs/look/checkpoints/step-40 --hash --json"
    })
final class ModelInfoCommand implements Callable<Integer> {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;

  @Parameters(paramLabel = "DIR", description = "A model directory.")
  private Path directory = Path.of("");

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  @Option(names = "--hash", description = "Also read every byte and print digests.")
  private boolean hash;

  ModelInfoCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws IOException {
    ModelFolder folder = InputError.guard(() -> ModelFolder.checked(directory));
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(folder.path())) {
      ModelFacts facts =
          InputError.guard(
              () ->
                  ModelFacts.of(
                      checkpoint, hash ? Optional.of(digest(checkpoint)) : Optional.empty()));
      if (json) {
        out.println(MAPPER.writeValueAsString(facts.json()));
      } else {
        facts.lines().forEach(out::println);
      }
    }
    return ExitCode.OK;
  }

  private static ContentDigest digest(SafetensorsCheckpoint checkpoint) {
    try (ByteProgress bar =
        new ByteProgress(Terminal.standardError(), "hashing", System::nanoTime)) {
      return ContentDigest.of(checkpoint, StoredNames::published, bar);
    } catch (IOException e) {
      throw new InputError(checkpoint.directory() + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
