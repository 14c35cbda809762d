/**
 * The weight path of a node: the port of the actors on the bulk plane of {@code transfer}, over the
 * folders of the weight store.
 */
@NullMarked
package krites.app.weights;

import org.jspecify.annotations.NullMarked;
