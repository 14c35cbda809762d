/** Which checkpoint of a run to take. */
@NullMarked
package krites.eval.select;

import org.jspecify.annotations.NullMarked;
