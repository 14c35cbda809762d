package krites.app.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import krites.app.Sha256;
import krites.data.parquet.ParquetFile;

/**
 * Parquet files: {@code parquet/expected.json} lists files, and for each its shape and every cell;
 * bytes are given as digest and length. Every cell is read twice, in order and by the number of its
 * row.
 */
public final class ParquetCheck implements ConformanceCheck {
  private static final String LIST = "expected.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public String name() {
    return "parquet";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.exists(directory.resolve(name()).resolve(LIST));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    Path folder = directory.resolve(name());
    JsonNode list;
    try {
      list = JSON.readTree(Files.readAllBytes(folder.resolve(LIST)));
    } catch (JsonProcessingException e) {
      results.accept(
          CaseResult.failed(name(), LIST, "list", "not JSON: " + e.getOriginalMessage()));
      return;
    }
    for (var entry : list.properties()) {
      try (ParquetFile file = ParquetFile.open(folder.resolve(entry.getKey()))) {
        shape(entry.getKey(), entry.getValue(), file, results);
        cells(entry.getKey(), entry.getValue().path("data"), file, results);
      } catch (IOException e) {
        results.accept(
            CaseResult.failed(name(), entry.getKey(), "file", String.valueOf(e.getMessage())));
      }
    }
  }

  private void shape(String file, JsonNode golden, ParquetFile seen, Consumer<CaseResult> results) {
    equal(file, "rows", golden.path("rows").asText(), Long.toString(seen.rows()), results);
    equal(
        file,
        "row_groups",
        golden.path("row_groups").asText(),
        Integer.toString(seen.rowGroups()),
        results);
    equal(file, "codec", golden.path("codec").asText(), seen.codec(), results);
    List<String> columns = new ArrayList<>();
    golden.path("columns").forEach(column -> columns.add(column.asText()));
    equal(file, "columns", columns.toString(), seen.columns().toString(), results);
  }

  private void equal(
      String file, String item, String expected, String seen, Consumer<CaseResult> results) {
    boolean same = expected.equals(seen);
    String note = same ? "" : "expected " + expected + ", seen " + seen;
    results.accept(new CaseResult(name(), file, item, same ? 0 : 1, 0, same, note));
  }

  private void cells(String file, JsonNode golden, ParquetFile seen, Consumer<CaseResult> results)
      throws IOException {
    List<String> wrong = new ArrayList<>();
    long cells = 0;
    ParquetFile.Rows rows = seen.read();
    for (int i = 0; i < golden.size() && rows.hasNext(); i++) {
      cells += compare(golden.get(i), rows.next(), i, "in order", wrong);
    }
    for (int i = golden.size() - 1; i >= 0 && i < seen.rows(); i--) {
      compare(golden.get(i), seen.row(i, _ -> true), i, "by number", wrong);
    }
    boolean passed = wrong.isEmpty() && golden.size() == seen.rows();
    String note =
        wrong.isEmpty() ? cells + " cells, read in order and by number" : wrong.getFirst();
    results.accept(new CaseResult(name(), file, "cells", wrong.size(), 0, passed, note));
  }

  private static long compare(
      JsonNode golden, ObjectNode seen, int row, String how, List<String> wrong) {
    for (var cell : golden.properties()) {
      if (!same(cell.getValue(), seen.path(cell.getKey()))) {
        wrong.add("row " + (row + 1) + ", column '" + cell.getKey() + "' differs, read " + how);
      }
    }
    if (golden.size() != seen.size()) {
      wrong.add("row " + (row + 1) + " has " + seen.size() + " columns, read " + how);
    }
    return golden.size();
  }

  private static boolean same(JsonNode golden, JsonNode seen) {
    if (seen.isBinary()) {
      byte[] bytes = bytes(seen);
      return golden.path("length").asInt(-1) == bytes.length
          && golden.path("sha256").asText().equals(Sha256.hex(bytes));
    }
    if (golden.isObject() || golden.isArray()) {
      if (golden.size() != seen.size() || golden.isArray() != seen.isArray()) {
        return false;
      }
      for (int i = 0; i < (golden.isArray() ? golden.size() : 0); i++) {
        if (!same(golden.get(i), seen.get(i))) {
          return false;
        }
      }
      return golden.properties().stream()
          .allMatch(field -> same(field.getValue(), seen.path(field.getKey())));
    }
    return golden.isIntegralNumber()
        ? seen.isIntegralNumber() && golden.longValue() == seen.longValue()
        : golden.equals(seen);
  }

  private static byte[] bytes(JsonNode node) {
    try {
      return node.binaryValue();
    } catch (IOException e) {
      throw new AssertionError("the node holds bytes", e);
    }
  }
}
