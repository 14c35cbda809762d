/**
 * A training batch becomes a new version of the policy.
 *
 * <p>Knows tensors, losses and the optimizer; does not know where batches come from or who runs the
 * result.
 */
@NullMarked
package krites.learner;

import org.jspecify.annotations.NullMarked;
