/** Tests of the choice of a checkpoint. */
@NullMarked
package krites.eval.select;

import org.jspecify.annotations.NullMarked;
