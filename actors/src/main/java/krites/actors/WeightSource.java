package krites.actors;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import krites.grpo.WeightUpdate;

/**
 * How the weights of a version come to a node.
 *
 * <p>A worker asks before it takes a version over; the answer is the same version under the name
 * that its engine knows. Asking twice for one version costs nothing more than once; several workers
 * of a node share one source. Thread safe.
 */
@FunctionalInterface
public interface WeightSource {
  /** Weights lie where everybody reads them: the name of the version is all that is needed. */
  WeightSource SHARED = CompletableFuture::completedFuture;

  /**
   * Fetches a version.
   *
   * @return the same version, located on this node; completed exceptionally when it cannot be had,
   *     after which the worker goes on with what it has and is offered the newest version again
   */
  CompletionStage<WeightUpdate> fetch(WeightUpdate update);
}
