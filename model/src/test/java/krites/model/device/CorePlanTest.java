package krites.model.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import krites.model.device.CorePlan.Cpu;
import org.junit.jupiter.api.Test;

/** Who gets which processors, and that a thread hands them on. */
class CorePlanTest {
  @Test
  void enginesGetProcessorsOfTheirOwn() {
    CorePlan plan = CorePlan.of(cores(0, 1, 2, 3), 4, engines(1, 2));
    assertEquals(List.of(0), plan.of("engine 0").orElseThrow());
    assertEquals(List.of(1, 2), plan.of("engine 1").orElseThrow());
    assertTrue(plan.of("another").isEmpty());
    assertEquals("processors: engine 0 on [0], engine 1 on [1, 2]", plan.text());
  }

  @Test
  void moreThreadsThanProcessorsPinNobody() {
    CorePlan plan = CorePlan.of(cores(0, 1), 2, engines(1, 1, 1));
    assertEquals(CorePlan.NONE, plan);
    assertEquals("no engine is pinned", plan.text());
  }

  @Test
  void whoMayKeepFewerBusyThanItSeesPinsNobody() {
    assertEquals(CorePlan.NONE, CorePlan.of(cores(0, 1), 1, engines(1, 1)));
  }

  @Test
  void onlyTheProcessorsOfTheContainerAreGiven() {
    CorePlan plan = CorePlan.of(cores(5, 9), 2, engines(1, 1));
    assertEquals(List.of(5), plan.of("engine 0").orElseThrow());
    assertEquals(List.of(9), plan.of("engine 1").orElseThrow());
  }

  /** As Linux numbers them: 0 to 3 are four cores, 4 to 7 their second threads. */
  @Test
  void hyperthreadsOfOneCoreGoToOneEngine() {
    List<Cpu> cpus = new ArrayList<>();
    for (int id = 0; id < 8; id++) {
      cpus.add(new Cpu(id, 0, id % 4));
    }
    CorePlan plan = CorePlan.of(cpus, cpus.size(), engines(2, 2, 4));
    assertEquals(List.of(0, 4), plan.of("engine 0").orElseThrow());
    assertEquals(List.of(1, 5), plan.of("engine 1").orElseThrow());
    assertEquals(List.of(2, 6, 3, 7), plan.of("engine 2").orElseThrow());
  }

  @Test
  void noProcessorIsGivenTwice() {
    for (long seed = 1; seed <= 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<Cpu> cpus = new ArrayList<>();
      int count = random.nextInt(1, 40);
      for (int id = 0; id < count; id++) {
        cpus.add(new Cpu(id, random.nextInt(2), random.nextInt(8)));
      }
      Map<String, Integer> engines = new LinkedHashMap<>();
      int wanted = 0;
      for (int i = random.nextInt(1, 6); i > 0; i--) {
        engines.put("engine " + i, random.nextInt(1, 9));
        wanted += engines.get("engine " + i);
      }
      CorePlan plan = CorePlan.of(cpus, cpus.size(), engines);
      List<Integer> given = plan.cores().values().stream().flatMap(List::stream).toList();
      assertEquals(wanted <= count ? wanted : 0, given.size(), "seed " + seed);
      assertEquals(given.size(), Set.copyOf(given).size(), "seed " + seed);
    }
  }

  @Test
  void aPinnedThreadHandsItsProcessorsOn() throws InterruptedException {
    SortedSet<Integer> all = CpuAffinity.current();
    assumeFalse(all.isEmpty(), "a system without masks");
    Set<SortedSet<Integer>> seen = new HashSet<>();
    CompletableFuture<Boolean> pinned = new CompletableFuture<>();
    Thread engine =
        new Thread(
            () -> {
              pinned.complete(CpuAffinity.pin(List.of(all.last())));
              seen.add(CpuAffinity.current());
              Thread child = new Thread(() -> seen.add(CpuAffinity.current()));
              child.start();
              try {
                child.join();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    engine.start();
    engine.join();
    assertTrue(pinned.join());
    assertEquals(Set.of(new TreeSet<>(Set.of(all.last()))), seen);
    assertEquals(all, CpuAffinity.current(), "others keep theirs");
    assertEquals(all.size(), CorePlan.here().size());
  }

  @Test
  void aThreadWithoutAProcessorIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> CpuAffinity.pin(List.of()));
    assertFalse(CorePlan.NONE.of("engine 0").isPresent());
  }

  private static List<Cpu> cores(int... ids) {
    List<Cpu> cpus = new ArrayList<>();
    for (int id : ids) {
      cpus.add(new Cpu(id, 0, id));
    }
    return cpus;
  }

  private static Map<String, Integer> engines(int... threads) {
    Map<String, Integer> engines = new LinkedHashMap<>();
    for (int i = 0; i < threads.length; i++) {
      engines.put("engine " + i, threads[i]);
    }
    return engines;
  }
}
