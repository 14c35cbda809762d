package krites.app.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Finds the model directory and the rows of a directory laid out like the public test data. */
final class DataFolder {
  /** The published model whose tokenizer made the golden ids. */
  private static final String MODEL = "qwen2.5-vl-7b-instruct";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** One case: where it stands, and what it says. */
  record Row(String name, JsonNode json) {}

  private DataFolder() {}

  /**
   * The directory with the tokenizer: the published one beside the cases, else the first that has
   * any.
   *
   * @throws IOException if there is none
   */
  static Path model(Path directory) throws IOException {
    Path published = directory.resolve(MODEL);
    if (Files.isDirectory(published)) {
      return published;
    }
    for (Path folder : sorted(directory)) {
      boolean has =
          Files.exists(folder.resolve("tokenizer.json"))
              || Files.exists(folder.resolve("vocab.json"));
      if (has) {
        return folder;
      }
    }
    throw new IOException("no folder " + MODEL + " with a tokenizer beside the cases");
  }

  /**
   * The rows of all {@code .jsonl} and {@code .json} files of a folder; what is no JSON becomes a
   * failed result.
   */
  static List<Row> rows(ConformanceCheck check, Path folder, Consumer<CaseResult> results)
      throws IOException {
    List<Row> rows = new ArrayList<>();
    for (Path file : sorted(folder)) {
      String name = file.getFileName().toString();
      try {
        if (name.endsWith(".jsonl")) {
          List<String> lines = Files.readAllLines(file);
          for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
              rows.add(new Row(name + ":" + (i + 1), JSON.readTree(lines.get(i))));
            }
          }
        } else if (name.endsWith(".json")) {
          rows.add(new Row(name, JSON.readTree(Files.readAllBytes(file))));
        } else {
          results.accept(CaseResult.failed(check.name(), name, "file", "no .json and no .jsonl"));
        }
      } catch (JsonProcessingException e) {
        results.accept(
            CaseResult.failed(check.name(), name, "file", "not JSON: " + e.getOriginalMessage()));
      }
    }
    return rows;
  }

  static List<Path> sorted(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }

  /** The trouble of a case in one line. */
  static String oneLine(Exception trouble) {
    return (trouble.getClass().getSimpleName() + ": " + trouble.getMessage())
        .strip()
        .replaceAll("\\s*\\R\\s*", " | ");
  }
}
