package krites.app.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import krites.app.InputError;
import krites.app.RunFailed;
import krites.app.config.ChaosPlan;
import krites.app.display.Terminal;
import krites.app.process.ChildProcesses;
import krites.app.run.DurableFiles;
import krites.app.run.RunFileException;

/**
 * One run of a plan's job on processes of this machine, with faults or without. A fault comes when
 * it is due and the run has got over the one before: all processes are members again, and a step
 * was trained since. One thread.
 */
final class ChaosRun implements AutoCloseable {
  /** Processes that start together on a busy machine were seen to need minutes. */
  private static final Duration START = Duration.ofMinutes(10);

  /** The usual 3 s are too little where several processes start on few processors. */
  private static final String BIND = "60s";

  private static final Duration END =
      Duration.ofSeconds(
          5); // for nodes without a job; those that all leave at once wait for each other

  /** A run that has trained no step for so long stands still. */
  private static final Duration STILL = Duration.ofMinutes(5);

  private static final long LOOK_EVERY_MILLIS = 250;

  private final ChaosPlan plan;
  private final Deque<PlannedFault> waiting;
  private final Path folder;
  private final Path run;
  private final Terminal terminal;
  private final BooleanSupplier stopping;
  private final ChildProcesses children = new ChildProcesses();
  private final LocalNetwork network;
  private final List<NodeProcess> nodes = new ArrayList<>();
  private final Map<NodeProcess, Long> troubledUntil = new HashMap<>(); // paused, cut off or late
  private final List<Outcome.Done> done = new ArrayList<>();
  private final List<String> unplannedEnds = new ArrayList<>();
  private final TrainedSteps steps;
  private long trained;
  private long firstStepNanos;
  private long lastStepNanos;
  private long lastFaultNanos;
  private boolean stopAsked;
  private Optional<Long> trainedWhenCalm = Optional.empty(); // all are members since then

  /**
   * @param schedule faults in their order; none for a run without
   * @param folder of the run, of settings and of what the processes say
   * @param stopping whether to end before the run does
   */
  ChaosRun(
      ChaosPlan plan,
      List<PlannedFault> schedule,
      Path folder,
      Terminal terminal,
      BooleanSupplier stopping) {
    this.plan = plan;
    this.waiting = new ArrayDeque<>(schedule);
    this.folder = folder;
    this.run = runFolder(folder);
    this.steps = new TrainedSteps(run);
    this.terminal = terminal;
    this.stopping = stopping;
    this.network = LocalNetwork.open(plan.groups().stream().mapToInt(ChaosPlan.Group::count).sum());
  }

  /** Where a run in a folder has its journal. */
  static Path runFolder(Path folder) {
    return folder.resolve("run");
  }

  /**
   * Runs to the end.
   *
   * @return what it left; empty when it was stopped
   * @throws RunFailed if the processes did not come up
   */
  Optional<Outcome> run() throws InterruptedException {
    prepare();
    nodes.forEach(NodeProcess::start);
    long started = System.nanoTime();
    long end = started + START.toNanos();
    while (!nodes.stream().allMatch(NodeProcess::isUp)) {
      if (stopping.getAsBoolean()) {
        return Optional.empty();
      }
      requireStarted(end);
      Thread.sleep(LOOK_EVERY_MILLIS);
    }
    Duration formation = Duration.ofNanos(System.nanoTime() - started);
    say(
        String.format(
            Locale.ROOT,
            "%d processes are members after %.1f s; what they say lies in %s",
            nodes.size(),
            formation.toMillis() / 1e3,
            folder));
    var start = new Outcome.Start(formation, InstantSource.system().instant());
    Optional<Process> train = children.start(java(), train(), folder.resolve("train.log"));
    return train.isEmpty() ? Optional.empty() : attend(train.get(), start);
  }

  private void requireStarted(long end) {
    for (NodeProcess node : nodes) {
      if (!node.isAlive()) {
        throw new RunFailed(node.name() + " ended before it was up; " + node.log() + " says why");
      }
      if (System.nanoTime() > end) {
        throw new RunFailed(
            "the processes were not all up after "
                + START.toMinutes()
                + " minutes; see "
                + node.log());
      }
    }
  }

  /** Does what is due until the run has ended. */
  private Optional<Outcome> attend(Process train, Outcome.Start start) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(plan.times().minutesMax());
    long restartNanos = TimeUnit.SECONDS.toNanos(plan.times().restartSeconds());
    lastStepNanos = System.nanoTime();
    while (train.isAlive() && System.nanoTime() < deadline && !standsStill()) {
      if (stopping.getAsBoolean()) {
        return Optional.empty();
      }
      long now = System.nanoTime();
      endTroubles(now);
      for (NodeProcess node : nodes) {
        network.setPresent(node.number(), node.isAlive());
        node.look(now, restartNanos)
            .ifPresent(
                how -> {
                  unplannedEnds.add(how);
                  say(how);
                });
      }
      countSteps(now);
      if (trained > 0) {
        next(now, train);
      }
      Thread.sleep(LOOK_EVERY_MILLIS);
    }
    Optional<Integer> code = train.isAlive() ? Optional.empty() : Optional.of(train.exitValue());
    return Optional.of(new Outcome(run, start, code, done, unplannedEnds));
  }

  private boolean standsStill() {
    boolean still = System.nanoTime() - lastStepNanos > STILL.toNanos();
    if (still) {
      say("no step was trained for " + STILL.toMinutes() + " minutes; the run is ended");
    }
    return still;
  }

  private void countSteps(long now) {
    long count = steps.count();
    if (count > trained) {
      firstStepNanos = trained == 0 ? now : firstStepNanos;
      lastStepNanos = now;
      trained = count;
    }
  }

  private void endTroubles(long now) {
    troubledUntil
        .entrySet()
        .removeIf(
            trouble -> {
              boolean over = now >= trouble.getValue();
              if (over) {
                network.heal(trouble.getKey().number());
              }
              return over;
            });
  }

  private void next(long now, Process train) {
    if (!troubledUntil.isEmpty() || !nodes.stream().allMatch(NodeProcess::isUp)) {
      trainedWhenCalm = Optional.empty();
      return;
    }
    long before = trainedWhenCalm.orElse(trained);
    trainedWhenCalm = Optional.of(before);
    PlannedFault fault = waiting.peek();
    int after = plan.times().stepsAfter();
    if (fault == null && after > 0 && trained >= before + after && !stopAsked) {
      stopAsked = true;
      train.destroy(); // asks, as Ctrl-C does
    } else if (fault != null && isDue(fault, now) && (trained > before || done.isEmpty())) {
      waiting.remove();
      hit(fault, now);
      lastFaultNanos = now;
      trainedWhenCalm = Optional.empty();
    }
  }

  /** Whether as much time has passed since the fault before as is planned between the two. */
  private boolean isDue(PlannedFault fault, long now) {
    long since = done.isEmpty() ? firstStepNanos : lastFaultNanos;
    long planned = done.isEmpty() ? 0 : done.getLast().fault().offsetMillis();
    return now - since >= TimeUnit.MILLISECONDS.toNanos(fault.offsetMillis() - planned);
  }

  private void hit(PlannedFault fault, long now) {
    NodeProcess node =
        nodes.stream().filter(one -> one.name().equals(fault.process())).findFirst().orElseThrow();
    done.add(new Outcome.Done(fault, InstantSource.system().instant()));
    say(
        String.format(
            Locale.ROOT,
            "%6.1f s  %s of %s (%s)",
            (now - firstStepNanos) / 1e9,
            fault.words(),
            node.name(),
            String.join(", ", node.group().roles())));
    switch (fault.kind()) {
      case KILL -> node.kill();
      case LEAVE -> node.leave();
      case PAUSE -> {
        node.pause(fault.seconds());
        troubledUntil.put(node, now + TimeUnit.SECONDS.toNanos(fault.seconds()));
      }
      case DELAY -> {
        network.delay(node.number(), fault.delayMillis());
        troubledUntil.put(node, now + TimeUnit.SECONDS.toNanos(fault.seconds()));
      }
      case CUT -> {
        network.cut(node.number());
        troubledUntil.put(node, now + TimeUnit.SECONDS.toNanos(fault.seconds()));
      }
    }
  }

  // --- settings

  private void prepare() {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new InputError(folder + " cannot be written: " + e.getMessage(), e);
    }
    DurableFiles.write(folder.resolve("job.conf"), plan.job().resolve().text());
    for (ChaosPlan.Group group : plan.groups()) {
      for (int member = 1; member <= group.count(); member++) {
        int number = nodes.size() + 1;
        List<String> options = new ArrayList<>(java());
        options.add(
            "-Dpekko.remote.artery.advanced.tcp.outbound-client-hostname="
                + LocalNetwork.inner(number));
        options.add("-Dpekko.remote.artery.bind.bind-timeout=" + BIND);
        nodes.add(new NodeProcess(group, member, number, options, folder, children));
      }
    }
    for (NodeProcess node : nodes) {
      DurableFiles.write(node.settings(), plan.nodeSettings(settings(node)));
    }
  }

  private Map<String, Object> settings(NodeProcess node) {
    Path copies = folder.resolve("weights").resolve(node.name());
    try {
      Files.createDirectories(copies);
    } catch (IOException e) {
      throw new RunFileException("create", copies, e);
    }
    return Map.of(
        "host", LocalNetwork.outer(node.number()),
        "bind", LocalNetwork.inner(node.number()),
        "port", network.port(),
        "seeds", seeds(),
        "roles", node.group().roles(),
        "cluster", "chaos",
        "weights.folder", copies.toString(),
        "weights.port", network.port() + 1);
  }

  /** Those that may lead first; one that comes again alone finds the others by the rest. */
  private List<String> seeds() {
    List<String> seeds = new ArrayList<>(leaders());
    nodes.stream().map(this::address).filter(other -> !seeds.contains(other)).forEach(seeds::add);
    return seeds;
  }

  private List<String> leaders() {
    return nodes.stream()
        .filter(node -> node.group().roles().contains("orchestrator"))
        .map(this::address)
        .toList();
  }

  private String address(NodeProcess node) {
    return LocalNetwork.outer(node.number()) + ":" + network.port();
  }

  private List<String> train() {
    return List.of(
        "train",
        "--cluster",
        String.join(",", leaders()),
        "--config",
        folder.resolve("job.conf").toString(),
        "--run-dir",
        run.toString());
  }

  /** Several processes on few processors: a second compiler in each would only take their time. */
  private List<String> java() {
    return List.of("-Xmx" + plan.heapMib() + "m", "-XX:TieredStopAtLevel=1");
  }

  private void say(String text) {
    terminal.out().println(text);
  }

  /** Ends all processes: they are asked first, unless the run was stopped. */
  @Override
  public void close() {
    try {
      if (!stopping.getAsBoolean()) {
        children.stop();
        awaitEnds();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      children.kill();
      network.close();
    }
  }

  private void awaitEnds() throws InterruptedException {
    long end = System.nanoTime() + END.toNanos();
    while (nodes.stream().anyMatch(NodeProcess::isAlive) && System.nanoTime() < end) {
      Thread.sleep(LOOK_EVERY_MILLIS);
    }
  }
}
