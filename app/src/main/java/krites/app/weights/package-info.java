/**
 * The bulk plane of a node: the ports of the actors on what {@code transfer} has, for weights over
 * the folders of the weight store, and for what the members of a learner exchange.
 */
@NullMarked
package krites.app.weights;

import org.jspecify.annotations.NullMarked;
