package krites.reward.planted;

import ai.djl.ndarray.NDArray;
import krites.app.ExitCode;
import krites.data.planted.Anything;
import org.apache.pekko.actor.typed.ActorRef;

/** Breaks the rules of its room on purpose; KritesArchitectureTest checks that each rule notices. */
final class NosyReward {
  void score(NDArray logits, ActorRef<Long> learner, Anything anything) {
    learner.tell(logits.size() + ExitCode.OK + anything.hashCode());
  }
}
