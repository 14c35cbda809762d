package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import java.util.List;
import java.util.Map;

/**
 * A plan of faults as its file tells it: the processes, the job they run, and what happens to them.
 *
 * @param name of the file, without its ending
 * @param seed of the order, the times and the targets of the faults
 * @param job what is trained
 * @param node settings of all processes, keys below {@code node}
 * @param times when faults come, and when the run must have ended
 * @param heapMib Java heap of each process
 * @param goodputShareMin of the training time of a run without faults, 0 to 1; 0 asks for nothing
 * @param groups processes of one kind, at least one group
 * @param faults what is done to them
 */
public record ChaosPlan(
    String name,
    long seed,
    Job job,
    Config node,
    Times times,
    int heapMib,
    double goodputShareMin,
    List<Group> groups,
    List<Fault> faults) {
  public ChaosPlan {
    groups = List.copyOf(groups);
    faults = List.copyOf(faults);
  }

  /** The same job on the same processes, left alone. */
  public ChaosPlan withoutFaults() {
    return new ChaosPlan(
        name, seed, job, node, times.withoutFaults(), heapMib, 0, groups, List.of());
  }

  /** What is done to a process. */
  public enum Kind {
    /** It is ended at once ({@code kill -9}) and started again later. */
    KILL,
    /** It stands still (SIGSTOP) for a while. */
    PAUSE,
    /** It is asked to end (SIGTERM) and started again later. */
    LEAVE,
    /** Nothing gets to it or comes from it for a while. */
    CUT,
    /** What gets to it or comes from it is late for a while. */
    DELAY
  }

  /**
   * What is trained.
   *
   * @param configs recipes and files, the later wins
   * @param set settings above them, at most one layer
   */
  public record Job(List<String> configs, List<Config> set) {
    public Job {
      configs = List.copyOf(configs);
      set = List.copyOf(set);
    }

    /** All its settings. */
    public ResolvedConfig resolve() {
      ConfigReader reader = new ConfigReader().withConfigs(configs);
      set.forEach(reader::withSettings);
      return reader.read();
    }
  }

  /**
   * When things happen, in seconds and minutes.
   *
   * @param quietSeconds from the first trained step to the first fault
   * @param intervalSecondsMin between the beginnings of two faults, at least
   * @param intervalSecondsMax between the beginnings of two faults, at most
   * @param restartSeconds until a process that ended is started again
   * @param stepsAfter that are trained when the run has got over the last fault, before it is
   *     stopped in order; 0 lets it train all its steps
   * @param baselineSteps after which a run without faults is stopped in order; 0 for as many as
   *     {@code stepsAfter}
   * @param minutesMax until the run must have ended
   */
  public record Times(
      int quietSeconds,
      int intervalSecondsMin,
      int intervalSecondsMax,
      int restartSeconds,
      int stepsAfter,
      int baselineSteps,
      int minutesMax) {
    private Times withoutFaults() {
      return new Times(
          quietSeconds,
          intervalSecondsMin,
          intervalSecondsMax,
          restartSeconds,
          baselineSteps == 0 ? stepsAfter : baselineSteps,
          baselineSteps,
          minutesMax);
    }
  }

  /**
   * Processes of one kind.
   *
   * @param count how many, at least one
   * @param roles of each, at least one
   */
  public record Group(String name, int count, List<String> roles) {
    public Group {
      roles = List.copyOf(roles);
    }
  }

  /**
   * Faults of one kind.
   *
   * @param groups that are hit
   * @param count how often each of them is hit
   * @param secondsMin how long a pause, a cut or a delay lasts, at least
   * @param secondsMax how long a pause, a cut or a delay lasts, at most
   * @param delayMillis by which each piece of what is sent is late during a delay
   */
  public record Fault(
      Kind kind, List<String> groups, int count, int secondsMin, int secondsMax, int delayMillis) {
    public Fault {
      groups = List.copyOf(groups);
    }

    /** Whether it goes on for a while. */
    public boolean lasts() {
      return kind == Kind.PAUSE || kind == Kind.CUT || kind == Kind.DELAY;
    }
  }

  /** The group of a name. */
  public Group group(String wanted) {
    return groups.stream()
        .filter(group -> group.name().equals(wanted))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no group is named " + wanted));
  }

  /**
   * Settings of one process, as {@code krites node --node-config} takes them.
   *
   * @param own keys below {@code node} that only this process has
   */
  public String nodeSettings(Map<String, Object> own) {
    Config settings = node;
    for (Map.Entry<String, Object> key : own.entrySet()) {
      settings = settings.withValue(key.getKey(), ConfigValueFactory.fromAnyRef(key.getValue()));
    }
    return settings
            .atPath("node")
            .root()
            .render(ConfigRenderOptions.defaults().setOriginComments(false).setJson(false))
        + "\n";
  }
}
