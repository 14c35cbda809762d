package krites.simulator;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** Counts what nodes did and what faults cost, in virtual nanoseconds. */
final class Meter {
  private final EnumMap<Node.Role, Long> busy = new EnumMap<>(Node.Role.class);
  private final EnumMap<FaultKind, Long> strikes = new EnumMap<>(FaultKind.class);
  private final EnumMap<FaultKind, Long> lost = new EnumMap<>(FaultKind.class);

  void busy(Node.Role role, long nanos) {
    busy.merge(role, nanos, Long::sum);
  }

  /** A fault struck and cost a node this much time. */
  void struck(FaultKind fault, long nanos) {
    strikes.merge(fault, 1L, Long::sum);
    lost.merge(fault, nanos, Long::sum);
  }

  /** A fault that struck before has cost a node more time. */
  void cost(FaultKind fault, long nanos) {
    lost.merge(fault, nanos, Long::sum);
  }

  long busyNanos(Node.Role role) {
    return busy.getOrDefault(role, 0L);
  }

  Map<FaultKind, Long> strikes() {
    return Collections.unmodifiableMap(strikes);
  }

  long lostNanos(FaultKind fault) {
    return lost.getOrDefault(fault, 0L);
  }
}
