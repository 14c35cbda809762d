package krites.app.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import krites.model.safetensors.CheckpointException;
import krites.model.tokenizer.StreamingDecoder;
import krites.model.tokenizer.Tokenizer;

/**
 * Checks texts against ids, {@code tokenizer-golden/*}, with the tokenizer that lies beside them:
 * from {@code tokenizer.json}, and from {@code vocab.json} and {@code merges.txt} where these are
 * there too.
 */
public final class TokenizerCheck implements ConformanceCheck {
  private static final List<String> KNOWN =
      List.of(
          "n",
          "key",
          "model",
          "text",
          "ids",
          "tokens",
          "decoded",
          "decoded_keep_special",
          "decoded_skip_special",
          "decoded_prefixes",
          "nfc_changes_text");

  @Override
  public String name() {
    return "tokenizer-golden";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    List<DataFolder.Row> rows = DataFolder.rows(this, directory.resolve(name()), results);
    try {
      Path model = DataFolder.model(directory);
      try (Tokenizer tokenizer = Tokenizer.load(model)) {
        rows.forEach(row -> runRow(row, row.name(), tokenizer, results));
      }
      boolean bothForms =
          Files.exists(model.resolve("tokenizer.json"))
              && Files.exists(model.resolve("vocab.json"));
      if (bothForms) {
        try (Tokenizer tokenizer = Tokenizer.loadVocabularyAndMerges(model)) {
          rows.forEach(row -> runRow(row, row.name() + " (merges.txt)", tokenizer, results));
        }
      }
    } catch (IOException | CheckpointException e) {
      results.accept(
          CaseResult.failed(name(), "tokenizer", "load", String.valueOf(e.getMessage())));
    }
  }

  private void runRow(
      DataFolder.Row row, String label, Tokenizer tokenizer, Consumer<CaseResult> results) {
    GoldenComparison comparison = new GoldenComparison(name(), label, results);
    try {
      GoldenJson.onlyKeys(row.json(), "key", KNOWN);
      compare(row.json(), tokenizer, comparison);
    } catch (RuntimeException e) {
      results.accept(CaseResult.failed(name(), label, "case", DataFolder.oneLine(e)));
    }
  }

  private static void compare(JsonNode row, Tokenizer tokenizer, GoldenComparison comparison) {
    String text = GoldenJson.text(row, "text");
    JsonNode golden = GoldenJson.need(row, "ids");
    int[] ids = GoldenJson.integers(GoldenJson.numbers(golden));
    comparison.compareEqual("ids", golden, GoldenJson.doubles(tokenizer.encode(text)));
    String normal = Normalizer.normalize(text, Normalizer.Form.NFC);
    comparison.compareText("decoded ids", normal, tokenizer.decode(ids, false));
    if (row.has("nfc_changes_text")) {
      comparison.compareText(
          "nfc_changes_text", row.get("nfc_changes_text").asText(), "" + !normal.equals(text));
    }
    if (row.has("tokens")) {
      List<String> tokens = Arrays.stream(ids).mapToObj(tokenizer::tokenOf).toList();
      List<String> expected =
          IntStream.range(0, row.get("tokens").size())
              .mapToObj(i -> row.get("tokens").get(i).asText())
              .toList();
      comparison.compareText("tokens", expected.toString(), tokens.toString());
    }
    if (row.has("decoded")) {
      comparison.compareText("decoded", row.get("decoded").asText(), tokenizer.decode(ids, false));
    }
    if (row.has("decoded_keep_special")) {
      comparison.compareText(
          "decoded_keep_special",
          row.get("decoded_keep_special").asText(),
          tokenizer.decode(ids, false));
    }
    if (row.has("decoded_skip_special")) {
      comparison.compareText(
          "decoded_skip_special",
          row.get("decoded_skip_special").asText(),
          tokenizer.decode(ids, true));
    }
    JsonNode prefixes = row.path("decoded_prefixes");
    for (int length = 1; length <= prefixes.size(); length++) {
      int[] prefix = Arrays.copyOf(ids, length);
      String expected = prefixes.get(length - 1).asText();
      StreamingDecoder streaming = tokenizer.streaming(false);
      String streamed = streaming.next(prefix);
      comparison.compareText("prefix " + length, expected, tokenizer.decode(prefix, false));
      comparison.compareText("streamed " + length, expected, streamed + streaming.finish());
    }
  }
}
