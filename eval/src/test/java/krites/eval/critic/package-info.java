/** Tests of critic benchmarks. */
@NullMarked
package krites.eval.critic;

import org.jspecify.annotations.NullMarked;
