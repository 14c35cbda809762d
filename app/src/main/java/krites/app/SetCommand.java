package krites.app;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import krites.app.config.LiveKeys;
import krites.app.run.ControlClient;
import krites.app.run.RunDirectory;
import krites.app.run.RunLock;
import krites.grpo.flow.LiveSetting;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites set}: changes a setting of a running job. */
@Command(
    name = "set",
    description =
        "Changes a setting of a running job. The change is written into the journal with its old and"
            + " new value and the version from which it holds; a resume keeps it, a replay makes it"
            + " again.",
    footer = {
      "",
      "These can be changed: algorithm.clip-high, algorithm.clip-low, algorithm.drop-flat-groups,",
      "algorithm.kl-coefficient, async.max-staleness, learner.lr, rollout.workers.",
      "",
      "Exit code 1 if the run refused or did not answer in time, 2 if key, value or run is wrong.",
      "",
      "Examples:",
      "  krites set runs/look async.max-staleness=4",
      "  krites set runs/look learner.lr=5e-5 --timeout 120"
    })
final class SetCommand implements Callable<Integer> {
  private final PrintStream out;

  @Parameters(index = "0", paramLabel = "RUN_DIR", description = "The folder of the run.")
  private Path folder = Path.of("");

  @Parameters(index = "1", paramLabel = "KEY=VALUE", description = "The setting.")
  private String assignment = "";

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "How long to wait for the run's answer. Default: ${DEFAULT-VALUE}.",
      defaultValue = "30")
  private long timeoutSeconds;

  SetCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() {
    Path config = RunDirectory.requireRun(folder);
    int equals = assignment.indexOf('=');
    if (equals < 1) {
      throw new InputError("set " + assignment + ": expected key=value");
    }
    if (timeoutSeconds < 1) {
      throw new InputError("--timeout " + timeoutSeconds + ": expected at least 1 second");
    }
    LiveSetting setting =
        LiveKeys.setting(
            config,
            assignment.substring(0, equals).strip(),
            assignment.substring(equals + 1).strip());
    if (!RunLock.isHeld(folder)) {
      throw new InputError(
          "run "
              + folder
              + " is not running; give its resume the new value: krites train --resume "
              + folder
              + " --set "
              + setting.key()
              + "="
              + setting.value());
    }
    return ask(setting);
  }

  private int ask(LiveSetting setting) {
    ControlClient.Outcome outcome =
        new ControlClient(folder)
            .ask(setting.key(), setting.value(), Duration.ofSeconds(timeoutSeconds));
    return switch (outcome) {
      case ControlClient.Outcome.Granted(String message) -> say(ExitCode.OK, message);
      case ControlClient.Outcome.Refused(String message) ->
          say(ExitCode.CHECK_FAILED, "refused: " + message);
      case ControlClient.Outcome.Ended() ->
          say(ExitCode.CHECK_FAILED, "the run ended before it answered; nothing was changed");
      case ControlClient.Outcome.Silence(boolean takenUp) ->
          say(
              ExitCode.CHECK_FAILED,
              "no answer within "
                  + timeoutSeconds
                  + " s; "
                  + (takenUp
                      ? "the run has taken the request up and may still change the setting"
                      : "the request is withdrawn and nothing was changed")
                  + " (see krites status "
                  + folder
                  + ")");
    };
  }

  private int say(int code, String message) {
    out.println(message);
    return code;
  }
}
