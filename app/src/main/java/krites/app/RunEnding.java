package krites.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.actors.Lead;
import krites.actors.RunOutcome;
import krites.app.display.ResultTable;
import krites.app.display.Terminal;
import krites.app.run.RunDirectory;
import krites.app.run.RunHistory;
import krites.grpo.record.RunSummary;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down how a run ended, and says it.
 *
 * @param directory of the run
 * @param secondsBefore what the run took before it was resumed
 * @param terminal decides on colour
 */
record RunEnding(RunDirectory directory, double secondsBefore, Terminal terminal) {
  private static final Logger LOG = LoggerFactory.getLogger(RunEnding.class);

  /** Writes {@code summary.json}; the lines of a failed run are its reason. */
  Lead.Conclusion conclude(RunOutcome outcome) {
    return switch (outcome) {
      case RunOutcome.Completed(RunSummary summary, _) ->
          new Lead.Conclusion(ExitCode.OK, summarize(summary));
      case RunOutcome.Stopped(RunSummary summary, Optional<String> checkpoint) -> {
        List<String> lines = new ArrayList<>(summarize(summary));
        lines.add("");
        lines.add(stopped(summary, checkpoint));
        yield new Lead.Conclusion(ExitCode.INTERRUPTED, lines);
      }
      case RunOutcome.Failed(
              String reason,
              Optional<Throwable> cause,
              Optional<RunSummary> summary) -> {
        cause.ifPresent(thrown -> LOG.info("the run failed", thrown));
        summary.ifPresent(known -> write(known, RunHistory.read(directory.path())));
        Path log = directory.path().resolve(RunDirectory.LOG);
        yield new Lead.Conclusion(
            ExitCode.RUN_FAILED, List.of(reason + " (details in " + log + ")"));
      }
    };
  }

  /**
   * Tells a person how a run ended.
   *
   * @return the exit code
   * @throws RunFailed if it ended without reaching its last step
   */
  static int tell(Lead.Conclusion end, Terminal terminal) {
    if (end.exitCode() == ExitCode.RUN_FAILED) {
      throw new RunFailed(String.join("; ", end.lines()));
    }
    end.lines().forEach(terminal.out()::println);
    return end.exitCode();
  }

  private String stopped(RunSummary summary, Optional<String> checkpoint) {
    return checkpoint.isPresent()
        ? "stopped after step "
            + summary.steps()
            + "; go on with: krites train --resume "
            + directory.path()
        : "stopped before the first checkpoint; begin again with: krites train --resume "
            + directory.path();
  }

  private List<String> summarize(RunSummary summary) {
    RunHistory history = RunHistory.read(directory.path());
    Map<String, @Nullable Object> written = write(summary, history);
    return ResultTable.lines(terminal, written, history.first(), history.last(), directory.path());
  }

  private Map<String, @Nullable Object> write(RunSummary summary, RunHistory history) {
    Map<String, @Nullable Object> content = history.summary(summary, secondsBefore);
    content.put("journal_records", directory.journal().records());
    content.put("journal_digest", directory.journal().digest());
    directory.writeSummary(content);
    return content;
  }
}
