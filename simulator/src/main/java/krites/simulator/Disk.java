package krites.simulator;

/** The disk under the run folder, which now and then stands still. */
final class Disk {
  private final Machine machine;
  private final Stops stops;

  Disk(Machine machine) {
    this.machine = machine;
    this.stops = new Stops(Draws.seed(machine.seed(), "disk"), machine.plan(), FaultKind.SLOW_DISK);
  }

  /** The strand that runs writes for a while. */
  void write(double seconds) {
    long from = machine.loop().nanos();
    long goesOn = stops.goesOnAt(from);
    if (goesOn > from) {
      machine.struck(FaultKind.SLOW_DISK, goesOn - from, machine.workingNode().name());
      machine.idleUntil(goesOn);
    }
    machine.work(seconds);
  }
}
