package krites.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import krites.grpo.flow.LiveSetting;
import krites.grpo.port.ControlInbox;

/**
 * Somebody who changes the running job at given moments. Each request is taken once; one that a
 * kill leaves without an answer is lost.
 */
final class ModelledInbox implements ControlInbox {
  private final Machine machine;
  private final List<SimulationPlan.Change> changes;
  private final TreeSet<Integer> taken = new TreeSet<>();
  private final List<LiveSetting> accepted = new ArrayList<>();

  ModelledInbox(Machine machine, List<SimulationPlan.Change> changes) {
    this.machine = machine;
    this.changes = changes;
  }

  @Override
  public List<Request> poll() {
    List<Request> due = new ArrayList<>();
    for (int i = 0; i < changes.size(); i++) {
      SimulationPlan.Change change = changes.get(i);
      if (change.seconds() <= machine.loop().seconds() && taken.add(i)) {
        due.add(new Request(Integer.toString(i), change.setting()));
      }
    }
    return due;
  }

  @Override
  public void answer(String id, boolean granted, String message) {
    if (granted) {
      accepted.add(changes.get(Integer.parseInt(id)).setting());
    }
  }

  /** What was granted so far, oldest first; a resume finds it in the configuration. */
  List<LiveSetting> accepted() {
    return List.copyOf(accepted);
  }
}
