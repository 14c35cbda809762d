package krites.app.experiment;

import java.nio.file.Path;

/** Where a stage of a cell keeps its files. */
record StageFolder(Path path) {
  /** All settings, as {@code --config} takes them. */
  Path settings() {
    return path.resolve("settings.conf");
  }

  /** The folder of the run, of a stage that trains by reinforcement. */
  Path run() {
    return path.resolve("run");
  }

  /** The model directory, of a stage that writes one. */
  Path model() {
    return path.resolve("model");
  }

  /** Folder of the model's held-out evaluation, of a stage without evaluations of its own. */
  Path evaluation() {
    return path.resolve("evaluation");
  }

  /** What the verbs said. */
  Path output() {
    return path.resolve("output.log");
  }
}
