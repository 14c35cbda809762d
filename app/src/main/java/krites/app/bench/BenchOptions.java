package krites.app.bench;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import krites.app.InputError;
import krites.app.ResidentMemory;
import krites.model.qwen25vl.Precision;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What the measurements of whole paths have in common: the network, the rounds, the report. */
final class BenchOptions {
  @Option(names = "--model", paramLabel = "DIR", description = "Model directory.")
  private @Nullable Path model;

  @Option(
      names = "--shape",
      paramLabel = "NAME",
      description =
          "In place of a model: builtin (the base that ships), or 0.5b, 1.5b, 3b, 7b with random weights. Default: builtin.")
  private String shape = "";

  @Option(
      names = "--layers",
      paramLabel = "N",
      description = "Decoder layers of a named shape, for a small machine. Default: all.")
  private int layers;

  @Option(
      names = "--precision",
      paramLabel = "TYPE",
      description = "f32, bf16 or both, of the engines. Default: both.")
  private String precision = "both";

  @Option(
      names = "--variants",
      paramLabel = "NAMES",
      split = ",",
      description =
          "engine and ndarray (the same network in plain NDArray calls, in float32). Default: both.")
  private List<String> variants = List.of("engine", "ndarray");

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Native threads of one operator. Default: all cores.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--rounds", paramLabel = "N", description = "Rounds that count. Default: 3.")
  private int rounds = 3;

  @Option(
      names = "--work",
      paramLabel = "DIR",
      description = "Where random weights lie meanwhile. Default: the system's temporary folder.")
  private Path work = Path.of(System.getProperty("java.io.tmpdir"));

  @Option(names = "--json", description = "Print one JSON document instead of a table.")
  private boolean json;

  @Option(names = "--out", paramLabel = "FILE", description = "Keep the JSON document there too.")
  private @Nullable Path file;

  /**
   * @throws InputError if a value is out of range
   */
  void check() {
    if (rounds < 1 || threads < 1) {
      throw new InputError(
          "--rounds " + rounds + ", --threads " + threads + ": expected at least 1");
    }
    if (model != null && !shape.isEmpty()) {
      throw new InputError("--model and --shape name two networks; expected one");
    }
    precisions();
    for (String variant : variants) {
      if (!variant.equals("engine") && !variant.equals("ndarray")) {
        throw new InputError("--variants " + variant + ": expected engine, ndarray");
      }
    }
  }

  List<Precision> precisions() {
    return switch (precision) {
      case "f32" -> List.of(Precision.F32);
      case "bf16" -> List.of(Precision.BF16);
      case "both" -> List.of(Precision.F32, Precision.BF16);
      default -> throw new InputError("--precision " + precision + ": expected f32, bf16 or both");
    };
  }

  boolean engine() {
    return variants.contains("engine");
  }

  boolean twin() {
    return variants.contains("ndarray");
  }

  int threads() {
    return threads;
  }

  int rounds() {
    return rounds;
  }

  Path work() {
    return work;
  }

  /** The network, described; its weights are not there yet if they are random. */
  BenchModel prepare() {
    return BenchModel.prepare(
        shape.isEmpty() ? BenchModel.BUILT_IN : shape, Optional.ofNullable(model), layers, work);
  }

  /**
   * Refuses what the machine has no memory for.
   *
   * @param bytes at the peak, counted roughly
   */
  static void requireMemory(BenchModel model, long bytes) {
    long available = ResidentMemory.availableBytes();
    if (bytes > available) {
      throw new InputError(
          String.format(
              Locale.ROOT,
              "%s needs about %.1f GB, and %.1f GB are free; take a smaller shape, fewer --layers,"
                  + " or --precision bf16 --variants engine",
              model.name(),
              bytes / 1e9,
              available / 1e9));
    }
  }

  /** A report on these settings. */
  BenchReport report(String bench, BenchModel network) {
    return report(bench, network.name());
  }

  /** A report on what has no network. */
  BenchReport report(String bench, String subject) {
    List<String> types = new ArrayList<>();
    precisions().forEach(type -> types.add(type.name().toLowerCase(Locale.ROOT)));
    return new BenchReport(bench, subject, MachineFacts.here())
        .with("precision", String.join(",", types))
        .with("variants", String.join(",", variants))
        .with("threads", String.valueOf(threads))
        .with("rounds", String.valueOf(rounds));
  }

  void publish(BenchReport report, PrintStream out) {
    report.publish(out, json, file);
  }

  /** Where a person is told what goes on. */
  static Consumer<String> progress(PrintStream err) {
    return line -> err.println("krites: " + line);
  }
}
