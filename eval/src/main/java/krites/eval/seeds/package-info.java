/** What runs that differ by their seed say together. */
@NullMarked
package krites.eval.seeds;

import org.jspecify.annotations.NullMarked;
