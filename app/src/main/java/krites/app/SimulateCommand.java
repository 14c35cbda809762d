package krites.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import krites.app.config.ConfigReader;
import krites.app.config.RunConfig;
import krites.app.run.RunDirectory;
import krites.simulator.Calibration;
import krites.simulator.DeviceModel;
import krites.simulator.FaultPlan;
import krites.simulator.Measurements;
import krites.simulator.Simulation;
import krites.simulator.SimulationPlan;
import krites.simulator.SimulationReport;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites simulate}: a run without devices. */
@Command(
    name = "simulate",
    description =
        "Runs the real actors on a virtual clock, with modelled devices and a faulty network, and"
            + " checks every promise after every event.",
    footer = {
      "",
      "Exit code 1 means that a promise was broken, 3 that a simulated run failed and said why.",
      "The same seed gives the same trace, bit for bit. docs/simulator.md explains faults and output.",
      "",
      "Examples:",
      "  krites simulate --workers 1000 --set rollout.groups-per-step=4000 --steps 20",
      "  krites simulate --seeds 500 --faults rollout-crash=0.1/min,pause=0.05/min:20s",
      "  krites simulate --trace runs/look                   how well it predicts that run",
      "  krites simulate --trace runs/look --eta 4 --workers 2",
      "  krites simulate --seed 17 --faults message-loss=0.01 --write-trace trace.txt"
    })
final class SimulateCommand implements Callable<Integer> {
  private static final int SEEDS_MAX =
      1_000_000; // more than a day of work; a larger number is a slip of the hand

  private final PrintStream out;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "Simulates this many seeds, from the one given on.")
  private int seeds = 1;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Length of the run; the same as --set run.steps=N.")
  private @Nullable String steps;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Rollout workers; the same as --set rollout.workers=N.")
  private @Nullable String workers;

  @Option(
      names = "--eta",
      paramLabel = "N",
      description = "Oldest version trained on; the same as --set async.max-staleness=N.")
  private @Nullable String eta;

  @Option(
      names = "--faults",
      paramLabel = "SPEC",
      description = "What goes wrong; the same as --set simulate.faults=SPEC.")
  private @Nullable String faults;

  @Option(
      names = "--trace",
      paramLabel = "RUN_DIR",
      description =
          "Takes the configuration and the measured times and lengths of a recorded run, and says how"
              + " well its speed is predicted; other options then ask what would be.")
  private @Nullable Path trace;

  @Option(names = "--json", description = "Prints JSON.")
  private boolean json;

  @Option(
      names = "--write-trace",
      paramLabel = "FILE",
      description = "Writes every message and event of the first seed to a file.")
  private @Nullable Path writeTrace;

  SimulateCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    if (seeds < 1 || seeds > SEEDS_MAX) {
      throw new InputError("--seeds " + seeds + ": expected 1 to " + SEEDS_MAX);
    }
    RunConfig config = overrides(reader()).read().config();
    try (Silence _ = Silence.begin()) {
      return run(config);
    }
  }

  private int run(RunConfig config) {
    Optional<Prediction> prediction = Optional.ofNullable(trace).map(SimulateCommand::predict);
    DeviceModel devices =
        prediction
            .map(Prediction::devices)
            .orElseGet(() -> SimulationPlans.devices(config.simulate()));
    List<SimulationReport> reports = simulate(config, devices);
    if (json) {
      out.println(text(config, prediction, reports));
    } else {
      print(config, prediction, reports);
    }
    return exitCode(reports);
  }

  /**
   * No log while simulated workers die by the thousand: their lines would say nothing to anybody.
   */
  private record Silence(Logger root, Level before) implements AutoCloseable {
    static Silence begin() {
      Logger root =
          ((LoggerContext) LoggerFactory.getILoggerFactory())
              .getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
      Silence silence = new Silence(root, root.getLevel());
      root.setLevel(Level.OFF);
      return silence;
    }

    @Override
    public void close() {
      root.setLevel(before);
    }
  }

  private ConfigReader reader() {
    return trace == null || options.namesConfigs()
        ? options.reader()
        : options.overrides(new ConfigReader().withResolvedFile(RunDirectory.requireRun(trace)));
  }

  private ConfigReader overrides(ConfigReader reader) {
    override(reader, "--steps", steps, "run.steps");
    override(reader, "--workers", workers, "rollout.workers");
    override(reader, "--eta", eta, "async.max-staleness");
    override(reader, "--faults", faults, "simulate.faults");
    return reader;
  }

  private static void override(
      ConfigReader reader, String option, @Nullable String value, String key) {
    if (value != null) {
      reader.withValue(option + " " + value, key, value);
    }
  }

  // --- a recorded run

  /**
   * How a recorded run is predicted at its own settings.
   *
   * @param devices as fast as those of the run
   * @param simulated its simulation
   */
  private record Prediction(
      Path folder, Measurements measured, DeviceModel devices, SimulationReport simulated) {
    Optional<Double> errorShare() {
      return measured.stepsPerMinute().map(real -> simulated.trainingStepsPerMinute() / real - 1);
    }
  }

  private static Prediction predict(Path folder) {
    RunConfig recorded =
        new ConfigReader().withResolvedFile(RunDirectory.requireRun(folder)).read().config();
    Measurements measured = RunMeasurements.read(folder, recorded);
    SimulationPlan plan =
        SimulationPlans.plan(
            recorded,
            SimulationPlans.devices(recorded.simulate()),
            FaultPlan.NONE,
            recorded.run().seed(),
            Optional.empty());
    DeviceModel devices = Calibration.fit(measured, plan);
    return new Prediction(folder, measured, devices, Simulation.run(plan.with(devices)));
  }

  // --- simulating

  private List<SimulationReport> simulate(RunConfig config, DeviceModel devices) {
    long first = config.run().seed();
    if (writeTrace == null) {
      return LongStream.range(first, first + seeds)
          .parallel()
          .mapToObj(seed -> simulate(config, devices, seed, Optional.empty()))
          .toList();
    }
    try (PrintWriter file =
        new PrintWriter(Files.newBufferedWriter(writeTrace, StandardCharsets.UTF_8))) {
      SimulationReport report = simulate(config, devices, first, Optional.of(file::println));
      if (file.checkError()) {
        throw new InputError("cannot write " + writeTrace);
      }
      return List.of(report);
    } catch (IOException e) {
      throw new InputError("cannot write " + writeTrace + ": " + e.getMessage(), e);
    }
  }

  private static SimulationReport simulate(
      RunConfig config, DeviceModel devices, long seed, Optional<Consumer<String>> listener) {
    FaultPlan plan = FaultPlan.parse(config.simulate().faults());
    return Simulation.run(SimulationPlans.plan(config, devices, plan, seed, listener));
  }

  private static int exitCode(List<SimulationReport> reports) {
    if (reports.stream().anyMatch(report -> report.broken().isPresent())) {
      return ExitCode.CHECK_FAILED;
    }
    return reports.stream().anyMatch(report -> report.outcome() == SimulationReport.Outcome.FAILED)
        ? ExitCode.RUN_FAILED
        : ExitCode.OK;
  }

  // --- printing

  private void print(
      RunConfig config, Optional<Prediction> prediction, List<SimulationReport> reports) {
    prediction.ifPresent(
        known -> {
          out.println(
              String.format(
                  Locale.ROOT,
                  "%s: %s steps/min measured, %.2f simulated at the same settings%s",
                  known.folder(),
                  known
                      .measured()
                      .stepsPerMinute()
                      .map(real -> String.format(Locale.ROOT, "%.2f", real))
                      .orElse("no"),
                  known.simulated().trainingStepsPerMinute(),
                  known
                      .errorShare()
                      .map(error -> String.format(Locale.ROOT, " (%+.1f %%)", 100 * error))
                      .orElse("")));
          known
              .measured()
              .groupSeconds()
              .ifPresent(
                  real ->
                      out.println(
                          String.format(
                              Locale.ROOT,
                              "  a group is sampled in %.3f s measured, %.3f s simulated (medians)",
                              real,
                              known.simulated().groupSeconds())));
        });
    out.println(
        SimulationView.headline(
            config.rollout().workers(),
            config.async().maxStaleness(),
            FaultPlan.parse(config.simulate().faults())));
    List<String> lines =
        reports.size() == 1
            ? SimulationView.lines(reports.getFirst())
            : SimulationView.summary(reports);
    lines.forEach(out::println);
  }

  private static String text(
      RunConfig config, Optional<Prediction> prediction, List<SimulationReport> reports) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("workers", config.rollout().workers());
    object.put("max_staleness", config.async().maxStaleness());
    object.put("fault_plan", FaultPlan.parse(config.simulate().faults()).text());
    prediction.ifPresent(
        known -> {
          Map<String, Object> trace = new LinkedHashMap<>();
          trace.put("run", known.folder().toString());
          known
              .measured()
              .stepsPerMinute()
              .ifPresent(real -> trace.put("measured_steps_per_minute", real));
          known
              .measured()
              .groupSeconds()
              .ifPresent(real -> trace.put("measured_group_seconds_median", real));
          trace.put("simulated_group_seconds_median", known.simulated().groupSeconds());
          trace.put("simulated_steps_per_minute", known.simulated().trainingStepsPerMinute());
          known.errorShare().ifPresent(error -> trace.put("error_share", error));
          object.put("trace", trace);
        });
    object.put("runs", reports.stream().map(SimulationView::json).toList());
    try {
      return new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .writeValueAsString(object);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
