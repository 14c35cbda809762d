package krites.actors.planted;

import ai.djl.ndarray.NDArray;
import krites.app.ExitCode;

/** Breaks the rules of its room on purpose; KritesArchitectureTest checks that each rule notices. */
final class TensorActor {
  int answer(NDArray logits) {
    return logits.isEmpty() ? ExitCode.OK : (int) logits.size();
  }
}
