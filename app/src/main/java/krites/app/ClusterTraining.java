package krites.app;

import java.nio.file.Path;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import krites.actors.ClusterClient;
import krites.actors.Coordinator;
import krites.actors.Job;
import krites.actors.JobNews;
import krites.actors.Lead;
import krites.actors.NodeSettings;
import krites.app.config.ResolvedConfig;
import krites.app.config.RunConfig;
import krites.app.display.HeldOut;
import krites.app.display.ProgressDisplay;
import krites.app.display.Terminal;
import krites.transfer.Ticket;

/**
 * A training run on a cluster, from here: submits the job, shows what is told of it, and ends as
 * the run ends.
 */
final class ClusterTraining {
  private static final long LOOK_EVERY_MILLIS = 500; // soon enough for a person

  private static final int STRANGERS =
      30; // answers of a coordinator that has just moved and does not know the job yet

  private static final int NAME_LENGTH = 60; // of the folder's name in the id of a job

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  private final ResolvedConfig resolved;
  private final Path folder;
  private final boolean resume;
  private final Terminal terminal;
  private String phase = "";
  private long seen;
  private int strangers;

  /**
   * @param folder of the run, under a path that means the same on every node
   * @param resume whether it goes on
   */
  ClusterTraining(ResolvedConfig resolved, Path folder, boolean resume, Terminal terminal) {
    this.resolved = resolved;
    this.folder = folder.toAbsolutePath().normalize();
    this.resume = resume;
    this.terminal = terminal;
  }

  /**
   * Runs to the end, or until it is interrupted, which stops the run.
   *
   * @param settings how the cluster reaches this process
   * @param contacts nodes, as {@code host:port}; one that does not answer makes way for the next
   * @param detach whether to return when the job was taken
   * @return the exit code of the run
   */
  int run(NodeSettings settings, List<String> contacts, boolean detach) {
    Job job =
        new Job(
            id(resolved, folder),
            resolved.text(),
            folder.toString(),
            resume,
            NodeOptions.version(),
            Ticket.fresh().secret());
    try (ClusterClient client = ClusterClient.open(settings, contacts)) {
      switch (InputError.guard(() -> client.submit(job))) {
        case Coordinator.Accepted _ -> {}
        case Coordinator.Refused(String reason) -> throw new InputError(reason);
        case Coordinator.News _ -> throw new IllegalStateException("news of a job just submitted");
      }
      terminal.out().println("job " + job.id() + ", run folder " + folder);
      return detach ? ExitCode.OK : follow(client, job.id());
    }
  }

  private static String id(ResolvedConfig resolved, Path folder) {
    String name = String.valueOf(folder.getFileName()).replaceAll("[^A-Za-z0-9._-]", "-");
    return "job-"
        + TIME.format(LocalDateTime.now())
        + "-seed"
        + resolved.config().run().seed()
        + "-"
        + name.substring(0, Math.min(NAME_LENGTH, name.length()));
  }

  private int follow(ClusterClient client, String job) {
    RunConfig config = resolved.config();
    ProgressDisplay display =
        new ProgressDisplay(
            terminal, InstantSource.system(), config.run().steps(), 0, HeldOut.none(-1));
    RunScreen screen = new RunScreen(display, RunScreen.evalSets(config));
    try (Interrupts _ =
        Interrupts.listen(
            () -> {
              display.note("stopping the job after a checkpoint; Ctrl-C again leaves it to itself");
              client.halt(job);
            })) {
      while (true) {
        Optional<Lead.Conclusion> end =
            client.news(job, seen).flatMap(answer -> show(answer, display, screen));
        if (end.isPresent()) {
          display.end();
          return RunEnding.tell(end.get(), terminal);
        }
        sleep();
      }
    }
  }

  private Optional<Lead.Conclusion> show(
      Coordinator.Answer answer, ProgressDisplay display, RunScreen screen) {
    return switch (answer) {
      case Coordinator.News news -> {
        strangers = 0;
        if (!news.phase().equals(phase)) {
          phase = news.phase();
          display.note("job: " + phase);
        }
        for (JobNews.Item item : news.items()) {
          seen = item.number();
          item.step().ifPresent(screen::step);
          item.eval().ifPresent(screen::eval);
        }
        yield news.end();
      }
      case Coordinator.Refused(String reason) -> {
        strangers++;
        yield strangers > STRANGERS
            ? Optional.of(new Lead.Conclusion(ExitCode.RUN_FAILED, List.of(reason)))
            : Optional.empty();
      }
      case Coordinator.Accepted _ -> Optional.empty();
    };
  }

  private static void sleep() {
    try {
      Thread.sleep(LOOK_EVERY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
