/** Statistics over seeds. */
@NullMarked
package krites.eval.seeds;

import org.jspecify.annotations.NullMarked;
