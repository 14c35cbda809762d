/** Tests of policy benchmarks. */
@NullMarked
package krites.eval.policy;

import org.jspecify.annotations.NullMarked;
