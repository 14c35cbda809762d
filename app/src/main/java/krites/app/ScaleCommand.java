package krites.app;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.answer.ModelOptions;
import krites.app.config.RunConfig;
import krites.app.eval.BenchmarkOptions;
import krites.app.eval.ScalePlan;
import krites.app.eval.ScaleRun;
import krites.data.shapes.ShapesWorld;
import krites.eval.scaling.TieBreak;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites scale}: what more answers and judgements at test time are worth. */
@Command(
    name = "scale",
    description =
        "Answers each question of a benchmark n times and chooses: by the model's own knockout, by"
            + " another critic's, by majority; beside the oracle, and what each costs.",
    footer = {
      "",
      "One table and one curve over n. Answers and judgements are recorded as they come, so the same"
          + " command goes on where it stopped, and another judge or strategy uses what is there.",
      "",
      "Examples:",
      "  krites scale --model models/shapes-base --bench shapes-policy --limit 100 --n 2,4,8",
      "  krites scale --model DIR --bench mathvista --data testmini.parquet --critic CRITIC --base BASE"
    })
final class ScaleCommand implements Callable<Integer> {
  private final PrintStream out;
  private final PrintStream err;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ModelOptions machine = new ModelOptions();

  @Mixin private BenchmarkOptions bench = new BenchmarkOptions();

  @Option(
      names = "--model",
      paramLabel = "DIR",
      required = true,
      description = "The model that answers, and judges itself.")
  private Path model = Path.of("");

  @Option(
      names = "--n",
      paramLabel = "N",
      split = ",",
      description = "Answers to choose from, powers of two. Default: 2,4,8,16,32,64,128.")
  private List<Integer> sizes = List.of(2, 4, 8, 16, 32, 64, 128);

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Temperature of the answers. Default: 0.9, as published.")
  private float temperature = 0.9f;

  @Option(names = "--critic", paramLabel = "DIR", description = "Another model that judges too.")
  private @Nullable Path critic;

  @Option(
      names = "--base",
      paramLabel = "DIR",
      description = "The model before its training, which judges too.")
  private @Nullable Path base;

  @Option(
      names = "--ties",
      paramLabel = "NAME",
      split = ",",
      description =
          "What becomes of judgements: random (one, and a coin where it prefers neither),"
              + " both-orders (a coin where the two differ), confidence (the likelier of the two),"
              + " best-of-K (K sampled ones vote). Default: random.")
  private List<String> ties = List.of("random");

  @Option(
      names = "--judge-temperature",
      paramLabel = "T",
      description = "Temperature of the judgements of best-of-K. Default: 0.7.")
  private float judgeTemperature = 0.7f;

  @Option(
      names = "--wording",
      paramLabel = "trained|judge|FILE",
      description = "How two answers are put to a judge; see krites eval --help.")
  private @Nullable String wording;

  @Option(names = "--json", description = "Prints the result as one JSON document.")
  private boolean json;

  ScaleCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  @Override
  public Integer call() {
    if (!bench.named()) {
      throw new InputError("expected --bench, a benchmark of questions such as shapes-policy");
    }
    ScalePlan plan =
        new ScalePlan(
            model,
            sizes,
            temperature,
            Optional.ofNullable(critic),
            Optional.ofNullable(base),
            ties.stream().map(ScaleCommand::tie).toList(),
            judgeTemperature,
            Optional.ofNullable(wording));
    RunConfig config = machine.deviceOptions().overrides(options.reader()).read().config();
    ShapesWorld world =
        InputError.guard(
            () -> new ShapesWorld(config.world().seed(), Datasets.world(config.world())));
    return new ScaleRun(out, err, world, config.eval().policyItems())
        .run(plan, bench, machine, EvalCommand.seed(options), json);
  }

  private static TieBreak tie(String name) {
    return TieBreak.named(name)
        .orElseThrow(
            () ->
                new InputError(
                    "--ties "
                        + name
                        + ": expected random, both-orders, confidence or best-of-K (K from 2 to"
                        + " 99)"));
  }
}
