package krites.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import krites.app.conformance.CaseResult;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the results of conformance checks; each is shown as it comes, failures once more at the
 * end.
 */
final class ConformanceReport {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Consumer<String> shown;
  private final List<CaseResult> results = new ArrayList<>();

  private ConformanceReport(Consumer<String> shown) {
    this.shown = shown;
  }

  static ConformanceReport printing(PrintStream out) {
    return new ConformanceReport(out::println);
  }

  static ConformanceReport collecting() {
    return new ConformanceReport(_ -> {});
  }

  void add(CaseResult result) {
    results.add(result);
    shown.accept(line(result));
  }

  long passed() {
    return results.stream().filter(CaseResult::checked).filter(CaseResult::passed).count();
  }

  long failed() {
    return results.stream().filter(result -> !result.passed()).count();
  }

  private long notChecked() {
    return results.stream().filter(result -> !result.checked()).count();
  }

  /** Failures, then totals per check folder and of all. */
  List<String> closing() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    results.stream()
        .map(CaseResult::check)
        .distinct()
        .forEach(
            check ->
                lines.add(
                    total(check, results.stream().filter(r -> r.check().equals(check)).toList())));
    lines.add(total("all", results));
    if (notChecked() > 0) {
      lines.add("");
      lines.add("not checked:");
      results.stream()
          .filter(result -> !result.checked())
          .map(ConformanceReport::line)
          .forEach(lines::add);
    }
    if (failed() > 0) {
      lines.add("");
      lines.add("failed:");
      results.stream()
          .filter(result -> !result.passed())
          .map(ConformanceReport::line)
          .forEach(lines::add);
    }
    return lines;
  }

  String json(Path directory) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("directory", directory.toString());
    document.put("passed", passed());
    document.put("failed", failed());
    document.put("not_checked", notChecked());
    document.put("results", results.stream().map(ConformanceReport::object).toList());
    try {
      return MAPPER.writeValueAsString(document);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the report cannot be written as JSON", e);
    }
  }

  private static Map<String, @Nullable Object> object(CaseResult result) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("check", result.check());
    object.put("case", result.caseName());
    object.put("item", result.item());
    object.put(
        "max_difference", Double.isFinite(result.maxDifference()) ? result.maxDifference() : null);
    object.put("tolerance", result.tolerance());
    object.put("passed", result.passed());
    object.put("checked", result.checked());
    object.put("note", result.note());
    return object;
  }

  private static String total(String name, List<CaseResult> results) {
    long failed = results.stream().filter(result -> !result.passed()).count();
    long apart = results.stream().filter(result -> !result.checked()).count();
    long compared = results.size() - apart;
    return String.format(
        Locale.ROOT,
        "%-12s %6d compared  %6d passed  %6d failed%s",
        name,
        compared,
        compared - failed,
        failed,
        apart == 0 ? "" : String.format(Locale.ROOT, "  %6d not checked", apart));
  }

  private static String line(CaseResult result) {
    return String.format(
        Locale.ROOT,
        "%s  %-10s  %s  %s  %.3g (limit %.3g)%s",
        result.passed() ? result.checked() ? "pass" : "----" : "FAIL",
        result.check(),
        result.caseName(),
        result.item(),
        result.maxDifference(),
        result.tolerance(),
        result.note().isEmpty() ? "" : "  " + result.note());
  }
}
