package krites.app;

import static picocli.CommandLine.Model.UsageMessageSpec.SECTION_KEY_COMMAND_LIST;
import static picocli.CommandLine.Model.UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import krites.app.answer.AskCommand;
import krites.app.answer.BestOfNCommand;
import krites.app.answer.CritiqueCommand;
import krites.app.chaos.ChaosCommand;
import krites.app.conformance.Checks;
import krites.app.conformance.ConformanceCheck;
import krites.app.dataset.DataCommand;
import krites.app.display.Terminal;
import krites.app.experiment.ExperimentCommand;
import krites.app.rewards.Rewards;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The command line: verbs, help, and one clear line for everything that goes wrong. */
@Command(
    name = "krites",
    versionProvider = Version.class,
    synopsisSubcommandLabel = "VERB",
    description = "Trains vision-language critics by asynchronous GRPO, and asks them.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  krites ask --model DIR --image a.jpg --question Q      what a model says",
      "  krites critique --model DIR --image a.jpg --question Q --response-1 A --response-2 B",
      "  krites train                                  the built-in job, about two minutes on two cores",
      "  krites train --config smoke --seed 7          a minute's look at everything",
      "  krites train --config control-shuffled-labels the control: nothing to learn",
      "  krites train --set learner.lr=5e-5 --steps 300",
      "  krites train --resume runs/shapes-seed1-...   go on from the last checkpoint",
      "  krites eval models/shapes-base                held-out accuracy of a model",
      "  krites eval --model DIR --bench mathvista --data F  a public benchmark, resumable",
      "  krites scale --model DIR --bench shapes-policy  best of n: self-critic, majority, oracle, cost",
      "  krites select runs/look --for critic          which checkpoint to take, and why",
      "  krites experiment recipes/experiments/alpha.conf  a grid with seeds: one table, one plot",
      "  krites status runs/look                       how a run is, and what it hangs on",
      "  krites set runs/look async.max-staleness=4    changes a setting of a running job",
      "  krites replay runs/look                       the same weights again, bit for bit",
      "  krites audit runs/shapes-seed1-...            proves the account of a run from its journal",
      "  krites diff runs/a runs/b                     the first decision in which two runs differ",
      "  krites sft --out models/my-base               a base model from nothing",
      "  krites model info models/shapes-base          what a model directory holds",
      "  krites model export runs/look --out critic    a trained model for other programs",
      "  krites data check pairs.parquet --against BENCH  balance, repeats, overlap of a data set",
      "  krites bench load --model models/shapes-base  how fast weights are loaded here",
      "  krites simulate --seeds 100 --faults pause=1/h the real actors on modelled devices",
      "  krites chaos --plan cluster-conf/examples/chaos/short.conf  a job under faults, and what held",
      "  krites conformance DIR                        compare with the reference implementations",
      "  krites config                                 every setting, explained"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all done",
      "1:a check did not hold",
      "2:bad input or configuration; nothing was started",
      "3:a run was started and failed",
      "5:a model judged, and no verdict could be read",
      "130:stopped by Ctrl-C; a run leaves a checkpoint to resume from"
    })
public final class Main {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  /** Set by the launcher: a file that says so when it is there. */
  private static final String ARCHIVE_IS_WHOLE = "krites.archive.whole";

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "What a verb does, its options, and examples.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "The version of this program, and of the Java that it runs on.")
  private boolean version;

  private Main() {}

  /** Runs a verb and ends the process with its exit code. */
  public static void main(String[] args) {
    ParentWatch.begin();
    HeapWatch.begin();
    int code = run(Verbs.real(), System.out, System.err, args);
    System.out.flush();
    if (code == ExitCode.OK) {
      keepClasses();
    }
    System.exit(code);
  }

  /** Tells the launcher that the archive of classes which Java writes now is worth keeping. */
  private static void keepClasses() {
    String mark = System.getProperty(ARCHIVE_IS_WHOLE);
    if (mark != null) {
      try {
        Files.write(Path.of(mark), new byte[0]);
      } catch (IOException e) {
        LOG.info("the archive of classes is made again by the next run", e);
      }
    }
  }

  /**
   * Runs a verb.
   *
   * @return the exit code, one of {@link ExitCode}
   */
  static int run(Verbs verbs, PrintStream out, PrintStream err, String... args) {
    return line(verbs, out, err).execute(args);
  }

  /** The verbs, ready to be run. */
  static CommandLine line(Verbs verbs, PrintStream out, PrintStream err) {
    CommandLine line = new CommandLine(new Main());
    for (Object verb : verbs.of(out, err)) {
      line.addSubcommand(verb);
    }
    line.getHelpSectionMap().put(SECTION_KEY_COMMAND_LIST, new VerbList());
    line.getHelpSectionMap().put(SECTION_KEY_COMMAND_LIST_HEADING, _ -> "");
    line.setUsageHelpAutoWidth(true);
    line.setExpandAtFiles(false); // a question may begin with @
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setColorScheme(CommandLine.Help.defaultColorScheme(ansi()));
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    line.setParameterExceptionHandler((error, _) -> onBadArguments(error, err));
    line.setExecutionExceptionHandler((error, _, _) -> onFailure(error, err));
    line.setExecutionStrategy(
        parsed -> {
          if (!parsed.hasSubcommand()
              && !parsed.isUsageHelpRequested()
              && !parsed.isVersionHelpRequested()) {
            throw new ParameterException(line, "expected a verb");
          }
          return new CommandLine.RunLast().execute(parsed);
        });
    return line;
  }

  /** What the verbs work with; tests put fakes here. */
  record Verbs(TrainingRun.Rooms rooms, List<ConformanceCheck> checks) {
    static Verbs real() {
      return new Verbs(new TrainingRun.Rooms(DjlEngines.FACTORY, Rewards::of), Checks.all());
    }

    List<Object> of(PrintStream out, PrintStream err) {
      Terminal terminal = out == System.out ? Terminal.standard() : Terminal.plain(out);
      return List.of(
          new AskCommand(out, err, System.in),
          new CritiqueCommand(out, err, System.in),
          new BestOfNCommand(out, err, System.in),
          new TrainCommand(terminal, rooms),
          new NodeCommand(out, rooms),
          new SftCommand(out),
          new RejectCommand(out, err, rooms),
          ModelCommand.of(out),
          DataCommand.of(out),
          BenchCommand.of(out, err),
          new PlanCommand(out),
          new EvalCommand(out, err),
          new ScaleCommand(out, err),
          new SelectCommand(out),
          ExperimentCommand.of(terminal),
          new AuditCommand(out),
          new DiffCommand(out),
          new SimulateCommand(out),
          new ConformanceCommand(out, checks),
          new StatusCommand(out, InstantSource.system()),
          ClusterCommand.of(out),
          new ChaosCommand(terminal),
          new SetCommand(out),
          new ReplayCommand(out, rooms.engines()),
          new ConfigCommand(out));
    }
  }

  private static int onBadArguments(ParameterException error, PrintStream err) {
    String verb = error.getCommandLine().getCommandSpec().qualifiedName(" ");
    err.println(
        "krites: " + oneLine(String.valueOf(error.getMessage())) + " (see " + verb + " --help)");
    return ExitCode.INPUT;
  }

  private static int onFailure(Exception error, PrintStream err) {
    LOG.info("the command failed", error);
    return switch (error) {
      case InputError input -> {
        err.println("krites: " + oneLine(String.valueOf(input.getMessage())));
        yield ExitCode.INPUT;
      }
      case RunFailed failed -> {
        err.println("krites: the run failed: " + oneLine(String.valueOf(failed.getMessage())));
        yield ExitCode.RUN_FAILED;
      }
      default -> {
        String message =
            error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
        err.println("krites: failed: " + oneLine(message));
        yield ExitCode.RUN_FAILED;
      }
    };
  }

  private static Ansi ansi() {
    return System.getenv().getOrDefault("NO_COLOR", "").isEmpty() ? Ansi.AUTO : Ansi.OFF;
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\s*\\R\\s*", " ");
  }
}
