package krites.actors.planted;

import ai.djl.ndarray.NDArray;
import krites.data.planted.Anything;

/**
 * Breaks the rules of its room on purpose; KritesArchitectureTest checks that each rule notices.
 */
final class TensorActor {
  long answer(NDArray logits, Anything anything) {
    return logits.size() + anything.hashCode();
  }
}
