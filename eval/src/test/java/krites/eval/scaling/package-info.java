/** Tests of test-time scaling. */
@NullMarked
package krites.eval.scaling;

import org.jspecify.annotations.NullMarked;
