package krites.app.dataset;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.display.ReadProgress;
import krites.data.DatasetReader;
import krites.data.ImageFinder;
import krites.data.report.DatasetConverter;
import krites.data.report.RowSink;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites data convert}: a data set in Krites' own format. */
@Command(
    name = "convert",
    description = "Writes a data set in Krites' own format, as JSONL or Parquet.",
    footer = {
      "",
      "Every pair or question becomes a row, rationales are left out. Where a data set knows only chosen and rejected, a",
      "seeded coin places them. Rows that cannot be read or written are told, counted and left out: exit code 1.",
      "",
      "Examples:",
      "  krites data convert LLaVA-Critic-GRPO-dataset/data --out pairs.jsonl",
      "  krites data convert vlfeedback_80k.jsonl --images merged_images --out pairs.parquet"
    })
final class DataConvertCommand implements Callable<Integer> {
  private final PrintStream out;

  @Mixin private DataOptions data = new DataOptions();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "What is written; its end, .jsonl or .parquet, says as what.")
  private Path target = Path.of("");

  @Option(
      names = "--image-bytes",
      paramLabel = "WHERE",
      description =
          "embed: within the rows; beside: in a folder beside the file, and files stay where they"
              + " are. Default: embed in Parquet, else beside.")
  private DatasetConverter.@Nullable Images where;

  @Option(names = "--seed", paramLabel = "N", description = "Of the coins. Default: 1.")
  private long seed = 1;

  DataConvertCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws IOException {
    boolean parquet = target.toString().endsWith(".parquet");
    if (!parquet && !target.toString().endsWith(".jsonl")) {
      throw new InputError(
          "--out " + target + ": expected a name that ends with .jsonl or .parquet");
    }
    if (Files.exists(target)) {
      throw new InputError("--out " + target + " exists already");
    }
    DatasetConverter.Images images =
        Optional.ofNullable(where)
            .orElse(parquet ? DatasetConverter.Images.EMBED : DatasetConverter.Images.BESIDE);
    Path unfinished = target.resolveSibling(target.getFileName() + ".part");
    try (DatasetReader reader = data.open()) {
      DatasetConverter converter;
      try (RowSink sink = parquet ? RowSink.parquet(unfinished) : RowSink.jsonLines(unfinished);
          ReadProgress bar = DataOptions.bar("converting " + data.name())) {
        converter = new DatasetConverter(sink, target, images, ImageFinder.of(data.images()), seed);
        InputError.check(() -> reader.read(converter, bar));
      }
      Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
      out.println(
          "wrote %s: %d rows from %d rows of %s"
              .formatted(target, converter.written(), converter.rows(), reader.format().title()));
      if (converter.bad().rows() == 0) {
        return ExitCode.OK;
      }
      out.println("left out %d damaged rows:".formatted(converter.bad().rows()));
      converter.bad().first().forEach(out::println);
      return ExitCode.CHECK_FAILED;
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }
}
