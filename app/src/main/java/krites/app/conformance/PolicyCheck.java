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

/**
 * Policy benchmarks as files: rows of {@code policy/} are read as the benchmarks read them, and
 * what public programs read in outputs of real models must be read here too, down to each cell of
 * their tables.
 */
public final class PolicyCheck implements ConformanceCheck {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public String name() {
    return "policy";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    Path folder = directory.resolve(name());
    for (Path file : DataFolder.sorted(folder)) {
      String fileName = file.getFileName().toString();
      try {
        check(folder, fileName, new Found(name(), fileName, results));
      } catch (IOException | RuntimeException e) {
        results.accept(CaseResult.failed(name(), fileName, "file", DataFolder.oneLine(e)));
      }
    }
  }

  private static void check(Path folder, String file, Found found) throws IOException {
    switch (file) {
      case "mathvista_testmini.jsonl" -> MathVistaCases.questions(folder.resolve(file), found);
      case "mathvista_model_outputs.jsonl" ->
          MathVistaCases.outputs(folder, rows(folder, file), found);
      case "mathvista_expected_scores.json" -> MathVistaCases.scores(folder, found);
      case "mmmu_val_outputs_parsed.jsonl" -> MmmuCases.outputs(rows(folder, file), found);
      case "mmmu_val_answers.json" -> MmmuCases.answers(folder, found);
      default -> {
        if (file.startsWith("mmmu_pro_") && file.endsWith(".jsonl")) {
          MmmuCases.pro(folder.resolve(file), rows(folder, file), found);
        } else {
          found.notChecked("file", "no rule for it");
        }
      }
    }
  }

  /** The rows of a JSONL file. */
  static List<JsonNode> rows(Path folder, String file) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    List<String> lines = Files.readAllLines(folder.resolve(file));
    for (int i = 0; i < lines.size(); i++) {
      try {
        if (!lines.get(i).isBlank()) {
          rows.add(JSON.readTree(lines.get(i)));
        }
      } catch (JsonProcessingException e) {
        throw new IOException(
            file + ", line " + (i + 1) + ": not JSON: " + e.getOriginalMessage(), e);
      }
    }
    return rows;
  }

  /** One JSON document. */
  static JsonNode document(Path folder, String file) throws IOException {
    try {
      return JSON.readTree(Files.readAllBytes(folder.resolve(file)));
    } catch (JsonProcessingException e) {
      throw new IOException("not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** Results under the name of one file. */
  record Found(String check, String file, Consumer<CaseResult> results) {
    /**
     * Reports a comparison of many cases.
     *
     * @param wrong what differs, a line each
     */
    void cases(String item, long compared, List<String> wrong) {
      String note = wrong.isEmpty() ? compared + " compared" : wrong.getFirst();
      boolean passed = wrong.isEmpty() && compared > 0;
      results.accept(new CaseResult(check, file, item, wrong.size(), 0, passed, note));
    }

    /** Reports two counts that must be equal. */
    void counts(String item, long correct, long total, long expectedCorrect, long expectedTotal) {
      long difference = Math.abs(correct - expectedCorrect) + Math.abs(total - expectedTotal);
      String seen = correct + " of " + total;
      String note =
          difference == 0
              ? seen
              : "expected " + expectedCorrect + " of " + expectedTotal + ", seen " + seen;
      results.accept(new CaseResult(check, file, item, difference, 0, difference == 0, note));
    }

    /** Reports a number that nothing is compared with. */
    void notChecked(String item, String note) {
      results.accept(CaseResult.notChecked(check, file, item, note));
    }
  }
}
