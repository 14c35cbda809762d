package krites.app.process;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import krites.app.ExitCode;
import krites.app.Main;
import krites.app.ParentWatch;
import krites.app.run.RunFileException;

/**
 * Each verb in a process of its own, with the Java, the Java options and the class path of this
 * one: native code has state of its process, and a crash must not end the others.
 */
public final class ChildProcesses implements Launcher {
  /** A debugger or an agent listens in one process only. */
  private static final List<String> NOT_PASSED_ON =
      List.of("-agentlib:", "-agentpath:", "-javaagent:", "-D" + ParentWatch.PROPERTY);

  private final Set<Process> running = new HashSet<>();
  private boolean stopped;
  private volatile List<String> share = List.of();

  /**
   * The command of a verb.
   *
   * @param options of Java, above those of this process
   */
  static List<String> command(List<String> options, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> NOT_PASSED_ON.stream().noneMatch(option::startsWith))
        .forEach(command::add);
    command.addAll(options);
    command.add("-D" + ParentWatch.PROPERTY + "=" + ProcessHandle.current().pid());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.addAll(arguments);
    return command;
  }

  @Override
  public void shareAmong(int verbs) {
    int processors = Math.max(1, Runtime.getRuntime().availableProcessors() / verbs);
    share = verbs > 1 ? List.of("-XX:ActiveProcessorCount=" + processors) : List.of();
  }

  @Override
  public int run(List<String> arguments, Path output) throws InterruptedException {
    Optional<Process> process = start(share, arguments, output);
    if (process.isEmpty()) {
      return ExitCode.INTERRUPTED;
    }
    try {
      return process.get().waitFor();
    } finally {
      forget(process.get());
    }
  }

  private synchronized void forget(Process process) {
    running.remove(process);
  }

  /**
   * Starts one verb; empty when no more is to be started.
   *
   * @param options of Java, above those of this process
   * @param arguments the verb and its options
   * @param output what it says is added to this file
   */
  public synchronized Optional<Process> start(
      List<String> options, List<String> arguments, Path output) {
    if (stopped) {
      return Optional.empty();
    }
    try {
      Files.createDirectories(output.toAbsolutePath().getParent());
      Process process =
          new ProcessBuilder(command(options, arguments))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
              .start();
      process.getOutputStream().close(); // no verb here reads anything
      running.removeIf(other -> !other.isAlive());
      running.add(process);
      return Optional.of(process);
    } catch (IOException e) {
      throw new RunFileException("start a process that writes", output, e);
    }
  }

  @Override
  public synchronized void stop() {
    stopped = true;
    running.forEach(Process::destroy);
  }

  /** Ends all at once, also those that are stopped; nothing more is started. */
  public synchronized void kill() {
    stopped = true;
    running.forEach(Process::destroyForcibly);
  }
}
