package krites.app.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.display.ReadProgress;
import krites.data.DatasetReader;
import krites.data.report.DatasetSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites data inspect}: what a data set holds. */
@Command(
    name = "inspect",
    description = "Reads a whole data set and says what it holds.",
    footer = {
      "",
      "Rows that are damaged are counted, and the first of them told. Images that rows only name are not looked for:",
      "check does that. Exit code 1 if a row is damaged, 2 if the data set cannot be read.",
      "",
      "Examples:",
      "  krites data inspect train-00000-of-00004.parquet",
      "  krites data inspect llava-critic-113k@pairwise --json"
    })
final class DataInspectCommand implements Callable<Integer> {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;

  @Mixin private DataOptions data = new DataOptions();

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  DataInspectCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws JsonProcessingException {
    try (DatasetReader reader = data.open()) {
      DatasetSummary summary = new DatasetSummary();
      try (ReadProgress bar = DataOptions.bar("reading " + data.name())) {
        InputError.check(() -> reader.read(summary, bar));
      }
      SummaryReport report = new SummaryReport(reader, summary);
      if (json) {
        out.println(MAPPER.writeValueAsString(report.json()));
      } else {
        report.lines().forEach(out::println);
      }
      return summary.bad().rows() == 0 ? ExitCode.OK : ExitCode.CHECK_FAILED;
    }
  }
}
