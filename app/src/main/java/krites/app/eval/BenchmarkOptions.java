package krites.app.eval;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import krites.app.InputError;
import krites.data.format.DatasetFormat;
import krites.eval.critic.CriticBenchmark;
import krites.eval.policy.PolicyBenchmark;
import krites.grpo.flow.Seeds;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which benchmark, and what of it is asked. */
public final class BenchmarkOptions {
  @Option(
      names = "--bench",
      paramLabel = "NAME",
      description =
          "A benchmark: mathvista, mmmu, mmmu-pro, mmstar, chartqa, hallusionbench, realworldqa,"
              + " mathverse; vl-rewardbench, mm-rlhf, multimodal-rewardbench, pairs (any set of"
              + " pairs); shapes-policy, shapes-critic (the built-in world).")
  private @Nullable String bench;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description =
          "Its published file, or a folder of its shards (FOLDER@test: those that begin so).")
  private @Nullable String data;

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description = "Layout of a file of pairs, where its rows do not tell (docs/data.md).")
  private @Nullable String format;

  @Option(
      names = "--images",
      paramLabel = "DIR",
      description = "What relative paths of pictures begin at. Default: the folder of each file.")
  private @Nullable Path images;

  @Option(
      names = "--missing-images",
      paramLabel = "stop|omit|skip",
      description =
          "Items whose pictures are not there: end, ask without pictures, or leave out. Default:"
              + " stop.")
  private Missing missing = Missing.STOP;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description =
          "Asks N items, drawn by --seed; a larger limit later goes on with the same ones. Default:"
              + " all.")
  private int limit;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Folder of the records. The same evaluation goes on there where it stopped. Default:"
              + " evals/, a name made of benchmark, model and settings. Without a benchmark, a folder"
              + " for result.json; default: none.")
  private @Nullable Path out;

  @Option(
      names = "--instruction",
      paramLabel = "TEXT|published|short|none",
      description =
          "The line that asks for thinking and a box. Default: short for models of the built-in"
              + " world, else published.")
  private @Nullable String instruction;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "A response is cut here. Default: 2048.")
  private int maxNewTokens = 2048;

  private enum Missing {
    STOP,
    OMIT,
    SKIP
  }

  /** Whether a benchmark was named at all. */
  public boolean named() {
    return bench != null;
  }

  String bench() {
    return String.valueOf(bench);
  }

  Optional<PolicyBenchmark> policy() {
    return PolicyBenchmark.named(bench());
  }

  Optional<CriticBenchmark> critic() {
    return CriticBenchmark.named(bench());
  }

  /**
   * Refuses a name that is no benchmark, and numbers that make no sense.
   *
   * @throws InputError naming the option
   */
  void check() {
    if (policy().isEmpty() && critic().isEmpty()) {
      String names =
          Stream.concat(
                  PolicyBenchmark.ALL.stream().map(PolicyBenchmark::name),
                  CriticBenchmark.ALL.stream().map(CriticBenchmark::name))
              .collect(Collectors.joining(", "));
      throw new InputError("--bench " + bench() + ": expected one of " + names);
    }
    if (limit < 0) {
      throw new InputError("--limit " + limit + ": expected at least 1");
    }
    if (maxNewTokens < 1) {
      throw new InputError("--max-new-tokens " + maxNewTokens + ": expected at least 1");
    }
  }

  /**
   * The data of a benchmark of files.
   *
   * @throws InputError if none was named
   */
  String data() {
    if (data == null) {
      throw new InputError("--bench " + bench() + " needs --data, its published file or folder");
    }
    return data;
  }

  Optional<DatasetFormat> format() {
    if (format == null) {
      return Optional.empty();
    }
    return Optional.of(
        DatasetFormat.named(format)
            .orElseThrow(
                () ->
                    new InputError(
                        "--format " + format + ": expected one of " + DatasetFormat.names())));
  }

  Optional<Path> images() {
    return Optional.ofNullable(images);
  }

  /** Where the result is to lie, if that was said. */
  public Optional<Path> out() {
    return Optional.ofNullable(out);
  }

  Optional<String> instruction() {
    return Optional.ofNullable(instruction);
  }

  int maxNewTokens() {
    return maxNewTokens;
  }

  String missing() {
    return missing.name().toLowerCase(Locale.ROOT);
  }

  /** A size of the built-in world: the limit, or what a benchmark of ours has. */
  int size(int otherwise) {
    return limit > 0 ? limit : otherwise;
  }

  /**
   * Which items are asked: those with their pictures, or all of them, and of these as many as the
   * limit allows.
   *
   * @param trouble why an item cannot be asked with its pictures
   * @throws InputError if pictures are missing and that ends the evaluation
   */
  <T> List<T> chosen(
      List<T> all,
      Function<T, String> id,
      ToLongFunction<T> number,
      Function<T, Optional<String>> trouble,
      long seed) {
    List<T> kept =
        missing == Missing.SKIP
            ? all.stream().filter(item -> trouble.apply(item).isEmpty()).toList()
            : all;
    List<T> drawn = limit > 0 && limit < kept.size() ? drawn(kept, id, number, seed) : kept;
    List<String> troubles = drawn.stream().flatMap(item -> trouble.apply(item).stream()).toList();
    if (missing == Missing.STOP && !troubles.isEmpty()) {
      throw new InputError(
          troubles.size()
              + " of "
              + drawn.size()
              + " items lack their pictures; the first: "
              + troubles.getFirst()
              + ". Name their folder with --images, or choose --missing-images omit (asked without"
              + " pictures) or skip");
    }
    if (drawn.isEmpty()) {
      throw new InputError("no item of " + data() + " has its pictures; nothing is left to ask");
    }
    return drawn;
  }

  /** Each item has a lot of its own, so a larger limit only adds items. */
  private <T> List<T> drawn(
      List<T> items, Function<T, String> id, ToLongFunction<T> number, long seed) {
    return items.stream()
        .sorted(Comparator.comparingLong(item -> Seeds.ofName(seed, "limit/" + id.apply(item))))
        .limit(limit)
        .sorted(Comparator.comparingLong(number))
        .toList();
  }
}
