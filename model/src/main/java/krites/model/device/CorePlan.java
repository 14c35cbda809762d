package krites.model.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which engine of a process has which processors, so that none waits for another's.
 *
 * <p>Engines get as many as they have threads, next to each other in the order of the machine:
 * hyperthreads of one core side by side, so that two engines seldom share one. When all threads
 * together do not fit, nobody is pinned: a scheduler shares better than a wrong plan.
 *
 * @param cores processors by engine; empty when nobody is pinned
 */
public record CorePlan(Map<String, List<Integer>> cores) {
  private static final Path SYSTEM = Path.of("/sys/devices/system/cpu");

  public CorePlan {
    Map<String, List<Integer>> copy = new LinkedHashMap<>();
    cores.forEach((engine, cpus) -> copy.put(engine, List.copyOf(cpus)));
    cores = java.util.Collections.unmodifiableMap(copy);
  }

  /** Nobody is pinned. */
  public static final CorePlan NONE = new CorePlan(Map.of());

  /**
   * A logical processor.
   *
   * @param id its number, as masks count
   * @param socket the package it is in
   * @param core the core in the package, which hyperthreads share
   */
  public record Cpu(int id, int socket, int core) {}

  /**
   * Shares processors out.
   *
   * @param cpus those that the process may use
   * @param atOnce how many of them it may keep busy, as a container's quota or {@code
   *     -XX:ActiveProcessorCount} says
   * @param threads of each engine, at least 1, in the order in which they are served
   */
  public static CorePlan of(Collection<Cpu> cpus, int atOnce, Map<String, Integer> threads) {
    int wanted = threads.values().stream().mapToInt(Integer::intValue).sum();
    if (wanted > Math.min(atOnce, cpus.size())) {
      return NONE;
    }
    List<Cpu> ordered =
        cpus.stream()
            .sorted(
                Comparator.comparingInt(Cpu::socket)
                    .thenComparingInt(Cpu::core)
                    .thenComparingInt(Cpu::id))
            .toList();
    Map<String, List<Integer>> cores = new LinkedHashMap<>();
    int next = 0;
    for (Map.Entry<String, Integer> engine : threads.entrySet()) {
      List<Integer> mine = new ArrayList<>();
      for (int i = 0; i < engine.getValue(); i++) {
        mine.add(ordered.get(next++).id());
      }
      cores.put(engine.getKey(), mine);
    }
    return new CorePlan(cores);
  }

  /** The processors that the calling thread may use now; where sysfs is silent, each is a core. */
  public static List<Cpu> here() {
    return CpuAffinity.current().stream()
        .map(id -> new Cpu(id, topology(id, "physical_package_id", 0), topology(id, "core_id", id)))
        .toList();
  }

  private static int topology(int cpu, String file, int otherwise) {
    try {
      String text = Files.readString(SYSTEM.resolve("cpu" + cpu + "/topology/" + file));
      return Integer.parseInt(text.strip());
    } catch (IOException | NumberFormatException e) {
      return otherwise; // a virtual machine need not tell
    }
  }

  /** The processors of an engine, if it is pinned. */
  public Optional<List<Integer>> of(String engine) {
    return Optional.ofNullable(cores.get(engine));
  }

  /** One line for a person. */
  public String text() {
    return cores.isEmpty()
        ? "no engine is pinned"
        : cores.entrySet().stream()
            .map(engine -> engine.getKey() + " on " + engine.getValue())
            .collect(Collectors.joining(", ", "processors: ", ""));
  }
}
