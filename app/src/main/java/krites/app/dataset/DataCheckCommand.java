package krites.app.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.display.ReadProgress;
import krites.data.DatasetReader;
import krites.data.report.DatasetCheck;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites data check}: whether a data set is fit to train on. */
@Command(
    name = "check",
    description = "Checks a data set: labels, balance, repeats, overlap with benchmarks, lengths.",
    footer = {
      "",
      "Images are compared by the SHA-256 of their files, questions by their words without case and punctuation. Lengths",
      "are counted in tokens of the model, image tokens included. Exit code 1 if a row is damaged, an image is missing, a",
      "repeat has another label, a benchmark shares anything, or a prompt is too long.",
      "",
      "Examples:",
      "  krites data check pairs.parquet",
      "  krites data check pairs.parquet --against VL-RewardBench --against mm_reward_bench.jsonl",
      "  krites data check pairs.jsonl --model Qwen2.5-VL-7B-Instruct --max-prompt-tokens 6142"
    })
final class DataCheckCommand implements Callable<Integer> {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;

  @Mixin private DataOptions data = new DataOptions();

  @Option(
      names = "--against",
      paramLabel = "BENCH",
      description = "A benchmark that must share nothing with the data set; repeatable.")
  private List<String> benchmarks = new ArrayList<>();

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Count tokens as this model does; its weights are not read.")
  private @Nullable Path model;

  @Option(
      names = "--max-prompt-tokens",
      paramLabel = "N",
      description = "Longer prompts are counted. Default: 6142, as published.")
  private int maxPromptTokens = 6142;

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  DataCheckCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws JsonProcessingException {
    DatasetCheck check = new DatasetCheck(data.images());
    for (String benchmark : benchmarks) {
      try (DatasetReader reader = DataOptions.open(benchmark, Optional.empty());
          ReadProgress bar = DataOptions.bar("reading " + benchmark)) {
        InputError.check(() -> check.against(benchmark, reader, bar));
      }
    }
    try (DatasetReader reader = data.open();
        PromptLengths lengths =
            InputError.guard(
                () ->
                    PromptLengths.of(Optional.ofNullable(model), data.images(), maxPromptTokens));
        ReadProgress bar = DataOptions.bar("checking " + data.name())) {
      InputError.check(() -> check.run(reader, lengths, bar));
      CheckReport report =
          new CheckReport(new SummaryReport(reader, check.summary()), check, lengths);
      if (json) {
        out.println(MAPPER.writeValueAsString(report.json()));
      } else {
        report.lines().forEach(out::println);
      }
      return report.troubles().isEmpty() ? ExitCode.OK : ExitCode.CHECK_FAILED;
    }
  }
}
