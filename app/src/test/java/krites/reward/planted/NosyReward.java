package krites.reward.planted;

import ai.djl.ndarray.NDArray;
import krites.app.planted.Wiring;
import krites.data.planted.Anything;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Breaks the rules of its room on purpose; KritesArchitectureTest checks that each rule notices.
 */
final class NosyReward {
  void score(NDArray logits, ActorRef<Long> learner, Anything anything, Wiring wiring) {
    learner.tell(logits.size() + wiring.hashCode() + anything.hashCode());
  }
}
