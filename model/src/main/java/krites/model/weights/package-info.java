/**
 * Published versions of the weights: written once, verified by digest, read by whoever runs them.
 */
@NullMarked
package krites.model.weights;

import org.jspecify.annotations.NullMarked;
