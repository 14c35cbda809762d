package krites.app.eval;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.ModelFolder;
import krites.app.answer.AnsweringModel;
import krites.app.answer.Instruction;
import krites.app.answer.ModelOptions;
import krites.app.answer.StopSignal;
import krites.app.answer.Stopped;
import krites.data.RoutedImages;
import krites.data.shapes.ShapesWorld;
import krites.eval.critic.JudgeWording;
import krites.eval.policy.PolicyBenchmark;
import krites.eval.policy.PolicyItem;
import krites.eval.scaling.CurveChart;
import krites.eval.scaling.ScalingPoint;
import org.jspecify.annotations.Nullable;

/**
 * From the options of {@code krites scale} to a table and a curve: samples the answers, has each
 * judge play its knockouts, and writes what the records say. Every stage goes on where it stopped.
 *
 * @param world the built-in world
 * @param worldItems of its benchmark, where no limit is named
 */
public record ScaleRun(PrintStream out, PrintStream err, ShapesWorld world, int worldItems) {
  private static final String CURVE = "curve.svg";

  /**
   * Runs it.
   *
   * @return the exit code
   */
  public int run(
      ScalePlan plan, BenchmarkOptions options, ModelOptions machine, long seed, boolean json) {
    options.check();
    PolicyBenchmark benchmark =
        options
            .policy()
            .orElseThrow(
                () -> new InputError("--bench " + options.bench() + " has pairs, not questions"));
    List<PolicyItem> items =
        options.chosen(
            BenchmarkRun.policyItems(benchmark, options, world, worldItems),
            PolicyItem::id,
            PolicyItem::number,
            PolicyItem::trouble,
            seed);
    Map<String, Path> judges = plan.judges();
    InputError.check(() -> judges.values().forEach(ModelFolder::checked));
    try (StopSignal stop = new StopSignal();
        AnsweringModel model = open(plan.model(), machine)) {
      Candidates candidates =
          new Candidates(
              benchmark,
              items,
              plan.answers(),
              plan.temperature(),
              Instruction.of(options.instruction(), model.vocabulary()),
              options.maxNewTokens(),
              seed);
      Map<String, Object> settings = settings(plan, options, model, candidates);
      Path place = BenchmarkRun.place(plan.model(), options, settings);
      try (EvalFolder folder = EvalFolder.open(place, settings)) {
        Pace pace = new Pace(folder.records(Pace.FILE));
        EvalFolder.Records sampled = folder.records(Candidates.FILE);
        pace.measure("candidates", () -> candidates.ask(model, sampled, stop));
        List<List<Candidates.Candidate>> texts =
            items.stream().map(item -> candidates.of(item, sampled)).toList();
        Map<String, Tournament> tournaments = new LinkedHashMap<>();
        for (var judge : judges.entrySet()) {
          boolean self = judge.getKey().equals("self");
          if (!self) {
            model.unload(); // one model's weights at a time
          }
          try (AnsweringModel other = self ? null : open(judge.getValue(), machine)) {
            AnsweringModel judging = other == null ? model : other;
            Tournament tournament =
                new Tournament(
                    judge(plan, options, judge.getValue(), judging, seed),
                    items,
                    texts,
                    plan.ties(),
                    folder.records(Tournament.FILE));
            pace.measure(judge.getKey(), () -> tournament.play(judging, stop));
            tournaments.put(judge.getKey(), tournament);
          }
        }
        List<ScalingPoint> points =
            new ScaleReport(items, texts, plan, pace, seed).points(tournaments);
        report(folder, settings, benchmark, items.size(), points, json);
        return ExitCode.OK;
      } catch (Stopped e) {
        err.println("krites: stopped; the same command goes on in " + place);
        return ExitCode.INTERRUPTED;
      }
    }
  }

  private AnsweringModel open(Path model, ModelOptions machine) {
    RoutedImages images = RoutedImages.everywhere(world);
    return AnsweringModel.open(model, machine, Optional.empty(), images);
  }

  private static Tournament.Judge judge(
      ScalePlan plan, BenchmarkOptions options, Path path, AnsweringModel judging, long seed) {
    boolean trained = Instruction.isOfTheWorld(judging.vocabulary());
    JudgeWording wording =
        CriticOptions.wording(plan.wording().orElse(trained ? "trained" : "judge"));
    String instruction = Instruction.of(options.instruction(), judging.vocabulary());
    String settings =
        wording.name() + instruction + plan.judgeTemperature() + options.maxNewTokens();
    return new Tournament.Judge(
        Fingerprint.of(path) + "-" + Fingerprint.of(settings),
        wording,
        instruction,
        plan.judgeTemperature(),
        options.maxNewTokens(),
        seed);
  }

  /** What the sampled answers depend on; judgements have their judge in their own names. */
  private Map<String, Object> settings(
      ScalePlan plan, BenchmarkOptions options, AnsweringModel model, Candidates candidates) {
    Map<String, Object> settings = BenchmarkRun.settings(plan.model(), model, options, world);
    settings.put("answers", candidates.n());
    settings.put("temperature", Double.parseDouble(Float.toString(candidates.temperature())));
    settings.put("instruction", candidates.instruction());
    settings.put("max_new_tokens", candidates.maxNewTokens());
    settings.put("seed", candidates.seed());
    return settings;
  }

  private void report(
      EvalFolder folder,
      Map<String, Object> settings,
      PolicyBenchmark benchmark,
      int questions,
      List<ScalingPoint> points,
      boolean json) {
    String title = benchmark.name() + ", " + questions + " questions, " + settings.get("model");
    Map<String, @Nullable Object> result = new LinkedHashMap<>(settings);
    result.put("questions", questions);
    result.put("points", ScaleReport.json(points));
    folder.write(CURVE, CurveChart.svg(title, points));
    folder.finish(result);
    if (json) {
      out.print(EvalFolder.text(result));
      return;
    }
    out.println(title);
    out.println();
    List<String> lines = new ArrayList<>(ScaleReport.lines(points));
    lines.forEach(out::println);
    out.println();
    out.println("curve   " + folder.folder().resolve(CURVE));
    out.println("result  " + folder.folder().resolve(EvalFolder.RESULT));
  }
}
