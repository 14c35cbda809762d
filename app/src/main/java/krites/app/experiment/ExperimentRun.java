package krites.app.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.Interrupts;
import krites.app.RunFailed;
import krites.app.config.ExperimentConfig;
import krites.app.display.PassingLine;
import krites.app.display.Terminal;
import krites.app.process.Launcher;
import krites.app.run.RunFileException;
import krites.app.run.RunLock;

/** Runs cells side by side, tells how they go, and writes the result after each. */
final class ExperimentRun {
  private static final long LOOK_EVERY_MILLIS = 1_000;

  private final ExperimentConfig experiment;
  private final Path folder;
  private final List<Cell> all;
  private final int jobs;
  private final Terminal terminal;
  private final PassingLine line;
  private final Set<Cell> running = new LinkedHashSet<>();
  private final Deque<Cell> waiting = new ArrayDeque<>();
  private volatile boolean stopping;
  private int ended;
  private int total;
  private long startNanos;

  /**
   * @param all cells of the experiment, those that are not to be run now included
   * @param jobs cells at the same time
   */
  ExperimentRun(
      ExperimentConfig experiment, Path folder, List<Cell> all, int jobs, Terminal terminal) {
    this.experiment = experiment;
    this.folder = folder;
    this.all = List.copyOf(all);
    this.jobs = jobs;
    this.terminal = terminal;
    this.line = new PassingLine(terminal, System::nanoTime);
  }

  /**
   * Runs what is left of some cells.
   *
   * @return the exit code: 3 when a cell failed, 130 when it was stopped
   */
  int run(List<Cell> chosen, Launcher launcher) {
    try (RunLock _ = lock();
        Interrupts _ = Interrupts.listen(() -> stop(launcher))) {
      for (Cell cell : chosen) {
        if (cell.result(experiment).isEmpty()) {
          waiting.add(cell);
        }
      }
      total = waiting.size();
      startNanos = System.nanoTime();
      launcher.shareAmong(jobs);
      say(
          String.format(
              Locale.ROOT,
              "%s: %d of %d runs left, in %s",
              experiment.title(),
              total,
              chosen.size(),
              folder));
      work(launcher);
      report().lines().forEach(this::say);
      return stopping ? ExitCode.INTERRUPTED : exitCode(chosen);
    } catch (IOException e) {
      throw new InputError(folder + " cannot be written: " + e.getMessage(), e);
    }
  }

  private int exitCode(List<Cell> chosen) {
    return chosen.stream().allMatch(cell -> cell.result(experiment).isPresent())
        ? ExitCode.OK
        : ExitCode.RUN_FAILED;
  }

  private RunLock lock() throws IOException {
    Files.createDirectories(folder);
    return RunLock.acquire(folder, RunLock.Claim.ofThisProcess())
        .orElseThrow(
            () ->
                new InputError(
                    folder
                        + ": another process runs this experiment ("
                        + RunLock.holder(folder)
                        + ")"));
  }

  private void work(Launcher launcher) {
    Thread watcher =
        Thread.ofPlatform().daemon().name("krites-experiment-progress").start(this::watch);
    try (ExecutorService threads = Executors.newFixedThreadPool(jobs)) {
      List<Future<?>> workers = new ArrayList<>();
      for (int i = 0; i < jobs; i++) {
        workers.add(threads.submit(() -> workOff(launcher)));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    } catch (InterruptedException e) {
      stop(launcher);
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      stop(launcher);
      throw new RunFailed(String.valueOf(e.getCause()));
    } finally {
      watcher.interrupt();
      line.close();
    }
  }

  /** Shows what is running and how far it is, until it is interrupted. */
  private void watch() {
    try {
      while (true) {
        Thread.sleep(LOOK_EVERY_MILLIS);
        String text = shownRunning(); // outside of the line's lock
        line.show(_ -> text);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized String shownRunning() {
    String text =
        running.stream()
            .map(cell -> cell.name() + " " + CellState.of(cell, experiment).words())
            .collect(Collectors.joining("; "));
    return text.length() < terminal.width() ? text : text.substring(0, terminal.width() - 1);
  }

  private void workOff(Launcher launcher) {
    CellRun runner = new CellRun(experiment, launcher, () -> stopping);
    for (Optional<Cell> next = take(); next.isPresent(); next = take()) {
      try {
        tell(next.get(), runner.run(next.get()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (RuntimeException e) {
        stop(launcher); // the others need not go on for a result that cannot be written
        throw e;
      }
    }
  }

  private synchronized Optional<Cell> take() {
    if (stopping || waiting.isEmpty()) {
      return Optional.empty();
    }
    Cell cell = waiting.remove();
    running.add(cell);
    say(cell.name() + ": begins in " + cell.folder());
    return Optional.of(cell);
  }

  private synchronized void tell(Cell cell, CellState state) {
    ended++;
    running.remove(cell);
    double minutes = (System.nanoTime() - startNanos) / 6e10;
    say(
        String.format(
            Locale.ROOT,
            "%s: %s  (%d of %d, %.1f min, about %.1f left)",
            cell.name(),
            cell.result(experiment).map(ExperimentRun::shown).orElseGet(state::words),
            ended,
            total,
            minutes,
            minutes / ended * (total - ended)));
    report();
  }

  private static String shown(CellResult result) {
    StringBuilder text = new StringBuilder("done");
    for (String set : List.of(CellMeasures.CRITIC, CellMeasures.POLICY)) {
      Double after = result.measures().get(set + CellMeasures.AFTER);
      if (after != null) {
        Double before = result.measures().get(set + CellMeasures.BEFORE);
        text.append("  ").append(set).append(' ');
        text.append(before == null ? "" : String.format(Locale.ROOT, "%.3f -> ", before));
        text.append(String.format(Locale.ROOT, "%.3f", after));
      }
    }
    return text.toString();
  }

  private ExperimentReport report() {
    ExperimentReport report = ExperimentReport.of(experiment, all, folder);
    try {
      report.write();
    } catch (RunFileException e) {
      throw new InputError(String.valueOf(e.getMessage()), e);
    }
    return report;
  }

  private void say(String text) {
    line.end();
    terminal.out().println(text);
  }

  private void stop(Launcher launcher) {
    if (!stopping) {
      stopping = true;
      say("stopping; the same command goes on");
    }
    launcher.stop();
  }
}
