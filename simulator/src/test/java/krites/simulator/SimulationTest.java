package krites.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SimulationTest {
  private final Plans plans = new Plans();

  @Test
  void aWholeRunEndsWithItsAccountClosed() {
    SimulationReport report = Simulation.run(plans.plan(1));
    System.out.println(report);
    assertEquals(Optional.empty(), report.broken());
    assertEquals(SimulationReport.Outcome.COMPLETED, report.outcome(), report.reason());
    assertEquals(12, report.steps());
    assertEquals(48, report.trained());
    assertEquals(report.digest(), Simulation.run(plans.plan(1)).digest());
    long t=System.nanoTime();
    for (int i=0;i<50;i++) Simulation.run(plans.plan(i));
    System.out.println("50 runs " + (System.nanoTime()-t)/1e9);
    assertTrue(report.seconds() > 0);
  }
}
