package krites.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import krites.app.run.JsonLines;
import krites.app.run.RunDirectory;
import krites.app.run.RunHistory;
import krites.eval.select.CurvePoint;
import krites.eval.select.Divergence;
import krites.eval.select.Purpose;
import krites.eval.select.Selection;
import krites.eval.select.Share;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites select}: which checkpoint of a run to take, and why. */
@Command(
    name = "select",
    description =
        "Names the checkpoint of a run that is best for a purpose, from its own evaluations, and"
            + " warns when the policy falls while the critic does not.",
    footer = {
      "",
      "Intervals are Wilson's, of 95 %%. The best of many checks is so in part by luck, so a step is"
          + " valued together with the checks beside it.",
      "",
      "Examples:",
      "  krites select runs/look --for critic",
      "  krites select runs/look --for balanced --json"
    })
final class SelectCommand implements Callable<Integer> {
  private static final String CHECKPOINTS = "checkpoints";
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;

  @Parameters(paramLabel = "RUN_DIR", description = "The folder of the run.")
  private Path folder = Path.of("");

  @Option(
      names = "--for",
      paramLabel = "critic|policy|balanced",
      required = true,
      description = "What the checkpoint is wanted for; balanced: the mean of both accuracies.")
  private Purpose purpose = Purpose.BALANCED;

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  SelectCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws JsonProcessingException {
    List<CurvePoint> points = points();
    Selection chosen =
        Selection.of(points, purpose)
            .orElseThrow(
                () ->
                    new InputError(
                        folder
                            + " keeps no checkpoint that was measured for "
                            + word()
                            + "; checkpoint.every-steps, checkpoint.keep and eval.every-steps decide which are"));
    Optional<Divergence> divergence = Divergence.in(points);
    if (json) {
      out.println(MAPPER.writeValueAsString(document(points, chosen, divergence)));
    } else {
      print(points, chosen, divergence);
    }
    return ExitCode.OK;
  }

  private String word() {
    return purpose.name().toLowerCase(Locale.ROOT);
  }

  private Path checkpoint(long step) {
    return folder.resolve(CHECKPOINTS).resolve("step-" + step);
  }

  /** The evaluations of the run by step. */
  private List<CurvePoint> points() {
    Path evals = folder.resolve(RunDirectory.EVALS);
    if (!Files.exists(evals)) {
      throw new InputError(folder + " is no folder of a run: it has no " + RunDirectory.EVALS);
    }
    Map<Long, CurvePoint> points = new TreeMap<>();
    for (Map<String, Object> line : InputError.guard(() -> JsonLines.read(evals))) {
      Optional<Share> share = share(line);
      long step = line.get("step") instanceof Number number ? number.longValue() : 0;
      CurvePoint before =
          points.getOrDefault(
              step,
              new CurvePoint(
                  step, Optional.empty(), Optional.empty(), Files.isDirectory(checkpoint(step))));
      switch (String.valueOf(line.get("set"))) {
        case RunHistory.CRITIC ->
            points.put(step, new CurvePoint(step, share, before.policy(), before.kept()));
        case RunHistory.POLICY ->
            points.put(step, new CurvePoint(step, before.critic(), share, before.kept()));
        default -> {} // sets of other names say nothing here
      }
    }
    return List.copyOf(points.values());
  }

  private static Optional<Share> share(Map<String, Object> line) {
    return line.get("accuracy") instanceof Number accuracy
            && line.get("items") instanceof Number items
            && items.longValue() > 0
        ? Optional.of(new Share(accuracy.doubleValue(), items.longValue()))
        : Optional.empty();
  }

  private void print(List<CurvePoint> points, Selection chosen, Optional<Divergence> divergence) {
    out.printf(Locale.ROOT, "%8s  %-24s %-24s%n", "step", "critic", "policy");
    for (CurvePoint point : points) {
      out.printf(
          Locale.ROOT,
          "%8d  %-24s %-24s %s%n",
          point.step(),
          shown(point.critic()),
          shown(point.policy()),
          point.step() == chosen.step() ? "<- for " + word() : point.kept() ? "" : "not kept");
    }
    out.println();
    out.println("step " + chosen.step() + ", " + checkpoint(chosen.step()));
    chosen.why().forEach(reason -> out.println("  " + reason));
    divergence.ifPresent(
        found ->
            out.println(
                (found.level() == Divergence.Level.CERTAIN ? "WARNING: " : "early warning: ")
                    + found.words()));
  }

  private static String shown(Optional<Share> share) {
    return share
        .map(value -> String.format(Locale.ROOT, "%.3f ", value.value()) + value.interval().text())
        .orElse("-");
  }

  private Map<String, @Nullable Object> document(
      List<CurvePoint> points, Selection chosen, Optional<Divergence> divergence) {
    List<Map<String, @Nullable Object>> curve = new ArrayList<>();
    for (CurvePoint point : points) {
      Map<String, @Nullable Object> object = new LinkedHashMap<>();
      object.put("step", point.step());
      put(object, "critic", point.critic());
      put(object, "policy", point.policy());
      object.put("kept", point.kept());
      curve.add(object);
    }
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("run", folder.toString());
    document.put("for", word());
    document.put("step", chosen.step());
    document.put("checkpoint", checkpoint(chosen.step()).toString());
    document.put("value", chosen.value());
    document.put("smoothed", chosen.smoothed());
    document.put("within_noise", chosen.alike());
    document.put("why", chosen.why());
    document.put(
        "divergence",
        divergence.map(found -> found.level().name().toLowerCase(Locale.ROOT)).orElse(null));
    document.put("divergence_words", divergence.map(Divergence::words).orElse(null));
    document.put("curve", curve);
    return document;
  }

  private static void put(
      Map<String, @Nullable Object> object, String name, Optional<Share> share) {
    object.put(name, share.map(Share::value).orElse(null));
    object.put(name + "_low", share.map(value -> value.interval().low()).orElse(null));
    object.put(name + "_high", share.map(value -> value.interval().high()).orElse(null));
  }
}
