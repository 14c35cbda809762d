package krites.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import krites.app.run.StatusFile;
import krites.grpo.flow.Account;
import krites.grpo.flow.Wait;
import krites.grpo.record.RunStatus;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code krites status}: how a run is, from what it last wrote down. */
@Command(
    name = "status",
    description = "Says how a run is: alive or not, how far, who waits for whom, what it hangs on.",
    footer = {
      "",
      "Exit code 0 if the run goes on or ended as it should, 1 if it hangs, failed or was killed.",
      "",
      "Examples:",
      "  krites status runs/look",
      "  krites status runs/look --json"
    })
final class StatusCommand implements Callable<Integer> {
  private static final int PROMPTS_SHOWN = 10; // the rest is in --json

  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;
  private final InstantSource clock;

  @Parameters(paramLabel = "RUN_DIR", description = "The folder of the run.")
  private Path folder = Path.of("");

  @Option(names = "--json", description = "Print one JSON document instead of lines.")
  private boolean json;

  StatusCommand(PrintStream out, InstantSource clock) {
    this.out = out;
    this.clock = clock;
  }

  @Override
  public Integer call() throws JsonProcessingException {
    RunView view = RunView.of(folder, clock.instant());
    if (json) {
      out.println(MAPPER.writeValueAsString(document(view)));
    } else {
      lines(view).forEach(out::println);
    }
    return view.verdict().isWell() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private static Map<String, @Nullable Object> document(RunView view) {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("run", view.folder().toString());
    document.put("verdict", view.verdict().name().toLowerCase(Locale.ROOT));
    document.put("alive", view.alive());
    document.put("age_seconds", view.ageSeconds().orElse(null));
    document.put("pid", view.said().map(StatusFile.Written::pid).orElse(null));
    document.put("status", view.said().map(StatusFile.Written::status).orElse(null));
    document.put("summary", view.summary().map(RunView.Summary::content).orElse(null));
    document.put("resume", view.resume().orElse(null));
    return document;
  }

  private static List<String> lines(RunView view) {
    List<String> lines = new ArrayList<>();
    lines.add("run " + view.folder() + ": " + view.verdict().words());
    view.said().ifPresent(word -> addStatus(lines, word, view.ageSeconds().orElse(0.0)));
    view.resume().ifPresent(command -> lines.add("go on with: " + command));
    return lines;
  }

  private static void addStatus(List<String> lines, StatusFile.Written word, double ageSeconds) {
    RunStatus status = word.status();
    lines.add(
        String.format(
            Locale.ROOT,
            "said %s ago by process %d: %s, step %d of %d, %s",
            age(ageSeconds),
            word.pid(),
            status.phase(),
            status.step(),
            status.steps(),
            status.version()));
    lines.add(account(status.account()));
    new TreeMap<>(status.settings())
        .forEach((key, value) -> lines.add("changed while running: " + key + " = " + value));
    status.waits().stream()
        .sorted(Comparator.comparingDouble(Wait::seconds).reversed())
        .forEach(wait -> lines.add("  " + wait));
    Map<Long, String> setAside = new TreeMap<>(status.setAside());
    setAside.entrySet().stream()
        .limit(PROMPTS_SHOWN)
        .forEach(each -> lines.add("set aside: prompt " + each.getKey() + ": " + each.getValue()));
    if (setAside.size() > PROMPTS_SHOWN) {
      lines.add("set aside: " + (setAside.size() - PROMPTS_SHOWN) + " prompts more");
    }
    if (!status.diagnosis().isEmpty()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "nothing moved for %s: %s",
              age(status.idleSeconds()),
              status.diagnosis()));
    }
  }

  private static String account(Account account) {
    List<String> reasons = new ArrayList<>();
    account
        .dropped()
        .forEach(
            (reason, count) -> reasons.add(count + " " + reason.name().toLowerCase(Locale.ROOT)));
    return "groups: "
        + account.issued()
        + " issued = "
        + account.trained()
        + " trained + "
        + account.droppedInAll()
        + " dropped"
        + (reasons.isEmpty() ? "" : " (" + String.join(", ", reasons) + ")")
        + " + "
        + account.inFlight()
        + " in flight";
  }

  private static String age(double seconds) {
    return seconds < 120
        ? String.format(Locale.ROOT, "%.1f s", seconds)
        : String.format(Locale.ROOT, "%.0f min", seconds / 60);
  }
}
