package krites.app.chaos;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.app.config.ChaosPlan;
import krites.app.process.ChildProcesses;
import krites.app.run.RunFileException;
import org.jspecify.annotations.Nullable;

/** One node of the cluster: a process that is started again after each of its ends. One thread. */
final class NodeProcess {
  private static final String UP = " is up";
  private static final String GIVEN_UP = "the cluster gave this node up";

  private final ChaosPlan.Group group;
  private final String name;
  private final int number;
  private final List<String> options;
  private final Path settings;
  private final Path log;
  private final ChildProcesses children;
  private @Nullable Process process;
  private long logStart;
  private boolean endIsPlanned;
  private @Nullable Long endedNanos;

  /**
   * @param member of its group, from 1
   * @param number among all processes, from 1
   * @param options of Java
   * @param folder of its settings and its log
   */
  NodeProcess(
      ChaosPlan.Group group,
      int member,
      int number,
      List<String> options,
      Path folder,
      ChildProcesses children) {
    this.group = group;
    this.name = group.name() + "-" + member;
    this.number = number;
    this.options = List.copyOf(options);
    this.settings = folder.resolve(name + ".conf");
    this.log = folder.resolve(name + ".log");
    this.children = children;
  }

  String name() {
    return name;
  }

  int number() {
    return number;
  }

  ChaosPlan.Group group() {
    return group;
  }

  /** Its settings, a file for {@code --node-config}. */
  Path settings() {
    return settings;
  }

  /** What it says. */
  Path log() {
    return log;
  }

  void start() {
    logStart = length();
    endIsPlanned = false;
    endedNanos = null;
    process =
        children
            .start(options, List.of("node", "--node-config", settings.toString()), log)
            .orElse(null);
  }

  boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** Whether it said last that it is a full member. */
  boolean isUp() {
    if (!isAlive()) {
      return false;
    }
    String said = said();
    return said.lastIndexOf(UP) > said.lastIndexOf(GIVEN_UP);
  }

  /** SIGKILL. */
  void kill() {
    endIsPlanned = true;
    if (process != null) {
      process.destroyForcibly();
    }
  }

  /** SIGTERM. */
  void leave() {
    endIsPlanned = true;
    if (process != null) {
      process.destroy();
    }
  }

  /**
   * Stops it for a while. Another process lets it go on, so that it does not stand still for ever
   * when this one is killed meanwhile.
   */
  void pause(int seconds) {
    if (process == null) {
      return;
    }
    List<String> command = new ArrayList<>();
    command.addAll(List.of("/bin/sh", "-c", "kill -STOP $0 && sleep $1; kill -CONT $0"));
    command.addAll(List.of(Long.toString(process.pid()), Integer.toString(seconds)));
    try {
      new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .getOutputStream()
          .close();
    } catch (IOException e) {
      throw new RunFileException("pause the process that writes", log, e);
    }
  }

  /**
   * Looks whether it has ended, and starts it again some time later.
   *
   * @return how it ended, where nobody had planned that; once for each end
   */
  Optional<String> look(long nowNanos, long restartNanos) {
    if (process == null || process.isAlive()) {
      return Optional.empty();
    }
    Optional<String> unplanned = Optional.empty();
    if (endedNanos == null) {
      endedNanos = nowNanos;
      if (!endIsPlanned) {
        unplanned = Optional.of(name + " ended with exit code " + process.exitValue());
      }
    }
    if (nowNanos - endedNanos >= restartNanos) {
      start();
    }
    return unplanned;
  }

  private long length() {
    try {
      return Files.exists(log) ? Files.size(log) : 0;
    } catch (IOException e) {
      throw new RunFileException("read", log, e);
    }
  }

  private String said() {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      file.seek(Math.min(logStart, file.length()));
      byte[] bytes = new byte[(int) (file.length() - file.getFilePointer())];
      file.readFully(bytes);
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new RunFileException("read", log, e);
    }
  }
}
