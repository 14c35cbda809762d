/** Tests of what all benchmarks have in common. */
@NullMarked
package krites.eval;

import org.jspecify.annotations.NullMarked;
