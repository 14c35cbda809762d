package krites.model.planted;

import krites.grpo.Label;

/** Breaks the rule of its room on purpose; KritesArchitectureTest checks that the rule notices. */
final class WorldlyModel {
  Label judge() {
    return Label.FIRST;
  }
}
