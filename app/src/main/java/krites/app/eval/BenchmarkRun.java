package krites.app.eval;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.answer.AnsweringModel;
import krites.app.answer.Instruction;
import krites.app.answer.ModelOptions;
import krites.app.answer.StopSignal;
import krites.app.answer.Stopped;
import krites.app.display.ReadProgress;
import krites.app.display.Terminal;
import krites.data.RoutedImages;
import krites.data.shapes.PairSettings;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.Split;
import krites.eval.Measure;
import krites.eval.critic.CriticBenchmark;
import krites.eval.critic.CriticPair;
import krites.eval.critic.CriticPairs;
import krites.eval.critic.ShapesPairs;
import krites.eval.policy.PolicyBenchmark;
import krites.eval.policy.PolicyItem;
import krites.eval.policy.PolicyItems;
import krites.eval.policy.Shapes;
import org.jspecify.annotations.Nullable;

/**
 * From the options of {@code krites eval --bench} to a table: reads the benchmark, asks the model
 * what is not yet recorded, and writes what the records say.
 *
 * @param world the built-in world, of which the items are asked that no training sees
 * @param worldPairs how its pairs are made
 * @param worldItems of a benchmark of the built-in world, where no limit is named
 */
public record BenchmarkRun(
    PrintStream out, PrintStream err, ShapesWorld world, PairSettings worldPairs, int worldItems) {
  private static final String SHAPES_CRITIC = "shapes-critic";

  /**
   * Runs it.
   *
   * @param json whether the result is printed as JSON alone
   * @return the exit code
   */
  public int run(
      Path model,
      BenchmarkOptions options,
      CriticOptions critic,
      ModelOptions machine,
      long seed,
      boolean json) {
    options.check();
    RoutedImages images = RoutedImages.everywhere(world);
    try (StopSignal stop = new StopSignal();
        AnsweringModel asked = AnsweringModel.open(model, machine, Optional.empty(), images)) {
      Evaluation evaluation = evaluation(options, critic, asked.vocabulary(), seed);
      Map<String, Object> settings = settings(model, asked, options, evaluation);
      try (EvalFolder folder = EvalFolder.open(place(model, options, settings), settings)) {
        return measured(folder, asked, evaluation, settings, stop, json);
      }
    }
  }

  private int measured(
      EvalFolder folder,
      AnsweringModel asked,
      Evaluation evaluation,
      Map<String, Object> settings,
      StopSignal stop,
      boolean json) {
    EvalFolder.Records records = folder.records(Evaluation.RECORDS);
    long start = System.nanoTime();
    int now;
    try {
      now = evaluation.ask(asked, records, stop);
    } catch (Stopped e) {
      err.println("krites: stopped; the same command goes on in " + folder.folder());
      return ExitCode.INTERRUPTED;
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    List<Measure> measures = evaluation.measures(records);
    Map<String, @Nullable Object> result = new LinkedHashMap<>(settings);
    result.put("title", evaluation.title());
    result.put("items", evaluation.items());
    result.put("asked_now", now);
    result.put("seconds_now", seconds);
    result.put("without_pictures", evaluation.withoutPictures());
    result.putAll(spent(records));
    result.put("measures", MeasureTable.json(measures));
    folder.finish(result);
    if (json) {
      out.print(EvalFolder.text(result));
    } else {
      print(folder, evaluation, result, measures);
    }
    return ExitCode.OK;
  }

  private void print(
      EvalFolder folder,
      Evaluation evaluation,
      Map<String, @Nullable Object> result,
      List<Measure> measures) {
    out.println(evaluation.title());
    out.printf(
        Locale.ROOT,
        "%d items, %s tokens of answers%s%s%n%n",
        evaluation.items(),
        result.get("answer_tokens"),
        evaluation.withoutPictures() == 0
            ? ""
            : ", " + evaluation.withoutPictures() + " ASKED WITHOUT THEIR PICTURES",
        "0".equals(String.valueOf(result.get("failed")))
            ? ""
            : ", " + result.get("failed") + " could not be asked (see \"failed\" in the records)");
    MeasureTable.lines(measures).forEach(out::println);
    out.println();
    out.println("records  " + folder.folder().resolve(Evaluation.RECORDS));
    out.println("result   " + folder.folder().resolve(EvalFolder.RESULT));
  }

  private static Map<String, Object> spent(EvalFolder.Records records) {
    long tokens = 0;
    long failed = 0;
    for (Map<String, Object> record : records.all()) {
      failed += record.containsKey("failed") ? 1 : 0;
      tokens += (long) AnswerRecord.number(record, "tokens");
      if (record.get("judgements") instanceof List<?> judgements) {
        for (Object each : judgements) {
          tokens += each instanceof Map<?, ?> map ? (long) AnswerRecord.number(map, "tokens") : 0;
        }
      }
    }
    return Map.of("answer_tokens", tokens, "failed", failed);
  }

  private Evaluation evaluation(
      BenchmarkOptions options, CriticOptions critic, int vocabulary, long seed) {
    String instruction = Instruction.of(options.instruction(), vocabulary);
    Optional<PolicyBenchmark> policy = options.policy();
    if (policy.isPresent()) {
      List<PolicyItem> items =
          options.chosen(
              policyItems(policy.get(), options),
              PolicyItem::id,
              PolicyItem::number,
              PolicyItem::trouble,
              seed);
      return new PolicyEvaluation(policy.get(), items, instruction, options.maxNewTokens(), seed);
    }
    CriticBenchmark benchmark = options.critic().orElseThrow();
    List<CriticPair> pairs =
        options.chosen(
            pairs(benchmark, options),
            CriticPair::id,
            CriticPair::number,
            CriticPair::trouble,
            seed);
    boolean trained = Instruction.isOfTheWorld(vocabulary) || benchmark.name().equals("pairs");
    return new CriticEvaluation(
        benchmark,
        pairs,
        critic.protocol(),
        critic.wording(trained),
        instruction,
        options.maxNewTokens(),
        seed);
  }

  private List<PolicyItem> policyItems(PolicyBenchmark benchmark, BenchmarkOptions options) {
    return policyItems(benchmark, options, world, worldItems);
  }

  /** All items of a policy benchmark: of its files, or of the world's held-out split. */
  static List<PolicyItem> policyItems(
      PolicyBenchmark benchmark, BenchmarkOptions options, ShapesWorld world, int worldItems) {
    if (benchmark.name().equals(Shapes.NAME)) {
      return Shapes.items(world, Split.TEST, options.size(worldItems));
    }
    return InputError.guard(() -> PolicyItems.read(benchmark, options.data(), options.images(), 0));
  }

  private List<CriticPair> pairs(CriticBenchmark benchmark, BenchmarkOptions options) {
    if (benchmark.name().equals(SHAPES_CRITIC)) {
      return ShapesPairs.of(world, worldPairs, Split.TEST, options.size(worldItems));
    }
    try (ReadProgress bar =
        new ReadProgress(Terminal.standardError(), "reading", System::nanoTime)) {
      CriticPairs read =
          InputError.guard(
              () -> CriticPairs.read(options.data(), options.format(), options.images(), bar));
      if (read.ties() + read.others() > 0) {
        err.println(
            "krites: left out "
                + read.ties()
                + " ties and "
                + read.others()
                + " rows that are no pair with a preference");
      }
      return read.pairs();
    }
  }

  private Map<String, Object> settings(
      Path model, AnsweringModel asked, BenchmarkOptions options, Evaluation evaluation) {
    Map<String, Object> settings = settings(model, asked, options, world);
    settings.putAll(evaluation.settings());
    return settings;
  }

  /** Who is asked, and about what. */
  static Map<String, Object> settings(
      Path model, AnsweringModel asked, BenchmarkOptions options, ShapesWorld world) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("bench", options.bench());
    settings.put("model", model.toString());
    settings.put("model_fingerprint", Fingerprint.of(model));
    settings.put("precision", asked.precision().name().toLowerCase(Locale.ROOT));
    boolean builtIn = options.bench().equals(SHAPES_CRITIC) || options.bench().equals(Shapes.NAME);
    settings.put("data", builtIn ? "world, seed " + world.seed() : options.data());
    settings.put(
        "data_fingerprint",
        builtIn ? Fingerprint.of(words(world)) : Fingerprint.ofData(options.data()));
    settings.put("missing_images", options.missing());
    return settings;
  }

  /** All that decides the items of a world, in the same words in every process. */
  static String words(ShapesWorld world) {
    Map<?, ?> questions = world.settings().questions();
    // A copied map lists its keys in another order in each process.
    String sorted = new TreeMap<>(world.settings().questions()).toString();
    return world.seed() + " " + world.settings().toString().replace(questions.toString(), sorted);
  }

  /** Where records go: a name that says what they are, and that other settings change. */
  static Path place(Path model, BenchmarkOptions options, Map<String, Object> settings) {
    Map<String, Object> identity = new LinkedHashMap<>(settings);
    EvalFolder.PATHS.forEach(identity::remove);
    return options
        .out()
        .orElseGet(
            () ->
                Path.of("evals")
                    .resolve(
                        options.bench()
                            + "-"
                            + model.toAbsolutePath().normalize().getFileName()
                            + "-"
                            + Fingerprint.of(identity.toString()).substring(0, 8)));
  }
}
