package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Checks constants printed in public tests, {@code published/*.json}. A section is known by its
 * key, whatever file it stands in; what Krites has no part for is reported as not checked, with the
 * reason.
 */
public final class PublishedCheck implements ConformanceCheck {
  /** Keys that describe a file. */
  private static final List<String> LABELS = List.of("source", "sources", "note", "model", "row");

  /** Sections without a counterpart, and why. */
  private static final Map<String, String> NO_COUNTERPART =
      Map.of("text_only_7b", "the published test calls it unstable");

  @Override
  public String name() {
    return "published";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    for (DataFolder.Row row : DataFolder.rows(this, directory.resolve(name()), results)) {
      Cases cases = new Cases(this, row.name().replaceFirst("\\.jsonl?", ""), results);
      if (row.json().isArray()) {
        row.json().forEach(cases::prompt);
      } else if (row.json().has("expected_input_ids")) {
        cases.guarded("dataset", () -> PublishedTextCases.dataset(directory, row.json(), cases));
      } else {
        row.json()
            .properties()
            .forEach(section -> section(directory, section.getKey(), section.getValue(), cases));
      }
    }
  }

  private void section(Path directory, String key, JsonNode section, Cases cases) {
    if (LABELS.contains(key)) {
      return;
    }
    if (NO_COUNTERPART.containsKey(key)) {
      cases.notChecked(key, NO_COUNTERPART.get(key));
    } else if (key.equals("processor_on_dog_photo")) {
      cases.guarded(key, () -> PublishedTextCases.dog(directory, section, cases));
    } else if (section.isArray()) {
      for (int i = 0; i < section.size(); i++) {
        JsonNode item = section.get(i);
        String label = key + "/" + i;
        cases.guarded(label, () -> PublishedNumberCases.item(key, label, item, cases));
      }
    } else {
      cases.guarded(key, () -> PublishedNumberCases.section(key, section, cases));
    }
  }

  /** Results under the name of one file. */
  record Cases(PublishedCheck check, String file, Consumer<CaseResult> results) {
    /** A piece of work that may end with an exception or a failed file. */
    interface Work {
      void run() throws IOException;
    }

    void guarded(String label, Work work) {
      try {
        work.run();
      } catch (IOException | RuntimeException e) {
        results.accept(
            CaseResult.failed(check.name(), file + "/" + label, "case", DataFolder.oneLine(e)));
      }
    }

    GoldenComparison comparison(String label) {
      return new GoldenComparison(check.name(), file + "/" + label, results);
    }

    void notChecked(String label, String reason) {
      results.accept(CaseResult.notChecked(check.name(), file + "/" + label, "case", reason));
    }

    void prompt(JsonNode item) {
      String label = item.path("key").asText("item");
      guarded(label, () -> PublishedPromptCases.prompt(item, label, this));
    }
  }
}
