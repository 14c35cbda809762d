package krites.app.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import krites.app.InputError;
import krites.app.ResidentMemory;
import org.jspecify.annotations.Nullable;

/**
 * Findings as a table, and as one JSON document that says on which machine and how they were found.
 */
final class BenchReport {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final String title;
  private final MachineFacts machine;
  private final ObjectNode root = MAPPER.createObjectNode();
  private final List<String> lines = new ArrayList<>();

  /**
   * @param bench which measurement
   * @param model name of what was measured
   */
  BenchReport(String bench, String model, MachineFacts machine) {
    this.title = "bench " + bench + ", " + model;
    this.machine = machine;
    root.put("bench", bench).put("model", model);
    machine.write(root.putObject("machine"));
  }

  /** A setting, for the JSON document. */
  BenchReport with(String name, String value) {
    root.withObject("/settings").put(name, value);
    return this;
  }

  /** A number about the machine or the whole run. */
  BenchReport with(String name, double value) {
    root.put(name, value);
    lines.add(String.format(Locale.ROOT, "%-44s %s", words(name), shown(name, value)));
    return this;
  }

  /** A fact that is said in words. */
  BenchReport with(String name, boolean value) {
    root.put(name, value);
    lines.add(String.format(Locale.ROOT, "%-44s %s", words(name), value ? "yes" : "no"));
    return this;
  }

  /** Memory at one minute of a long run. */
  void sample(double minute, ResidentMemory memory) {
    root.withArray("samples")
        .addObject()
        .put("minute", minute)
        .put("resident_bytes", memory.residentBytes())
        .put("anonymous_bytes", memory.anonymousBytes());
    lines.add(
        String.format(
            Locale.ROOT,
            "minute %7.1f  resident %s  anonymous %s",
            minute,
            shown("_bytes", memory.residentBytes()),
            shown("_bytes", memory.anonymousBytes())));
  }

  /** All findings: median, least and most of each number, and its values round by round. */
  BenchReport with(Findings findings) {
    String work = "";
    for (Findings.Subject subject : findings.subjects()) {
      if (!subject.work().equals(work)) {
        work = subject.work();
        lines.add(work);
      }
      ObjectNode node = root.withArray("results").addObject();
      node.put("work", work).put("variant", subject.variant());
      String variant = subject.variant();
      for (Map.Entry<String, Samples> entry : findings.of(subject).entrySet()) {
        Samples samples = entry.getValue();
        ObjectNode number = node.putObject(entry.getKey());
        number.put("median", samples.median());
        number.put("least", samples.least()).put("most", samples.most());
        samples.values().forEach(number.putArray("values")::add);
        lines.add(line(variant, entry.getKey(), samples));
        variant = "";
      }
    }
    return this;
  }

  private static String line(String variant, String quantity, Samples samples) {
    String spread =
        samples.values().size() == 1
            ? ""
            : "  ("
                + shown(quantity, samples.least())
                + " to "
                + shown(quantity, samples.most())
                + ")";
    return String.format(
        Locale.ROOT,
        "  %-14s %-28s %12s%s",
        variant,
        words(quantity),
        shown(quantity, samples.median()),
        spread);
  }

  private static String words(String quantity) {
    for (String unit : List.of("_share", "_bytes", "_milliseconds", "_seconds", "_ratio")) {
      if (quantity.endsWith(unit) && !quantity.contains("_per_")) {
        return quantity.substring(0, quantity.length() - unit.length()).replace('_', ' ');
      }
    }
    return quantity.replace('_', ' ');
  }

  /** A number with the unit that its name ends with. */
  static String shown(String quantity, double value) {
    if (quantity.endsWith("operations_per_second")) {
      return String.format(Locale.ROOT, "%.0f GFLOP/s", value / 1e9);
    }
    if (quantity.endsWith("bytes_per_second")) {
      return String.format(Locale.ROOT, "%.2f GB/s", value / 1e9);
    }
    if (quantity.endsWith("_per_second")) {
      return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%,.0f", value);
    }
    if (quantity.endsWith("_share")) {
      return String.format(Locale.ROOT, "%.1f %%", 100 * value);
    }
    if (quantity.endsWith("_bytes")) {
      return String.format(Locale.ROOT, "%.3f GB", value / 1e9);
    }
    if (quantity.endsWith("_milliseconds")) {
      return String.format(Locale.ROOT, "%.2f ms", value);
    }
    if (quantity.endsWith("_seconds")) {
      return String.format(Locale.ROOT, "%.3f s", value);
    }
    if (quantity.endsWith("_ratio")) {
      return String.format(Locale.ROOT, "%.2f x", value);
    }
    return String.format(Locale.ROOT, "%.2g", value);
  }

  /**
   * Prints the table or the document, and keeps the document where asked.
   *
   * @param file may be absent
   * @throws InputError if the file cannot be written
   */
  void publish(PrintStream out, boolean json, @Nullable Path file) {
    String document;
    try {
      document = MAPPER.writeValueAsString(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of numbers and texts is always JSON", e);
    }
    if (file != null) {
      try {
        Files.writeString(file, document + "\n");
      } catch (IOException e) {
        throw new InputError("--out " + file + ": cannot be written: " + e.getMessage(), e);
      }
    }
    if (json) {
      out.println(document);
      return;
    }
    out.println(title);
    out.println(machine.text());
    lines.forEach(out::println);
  }
}
