/** Policy benchmarks: their rows, the prompts these become, and the verdicts on answers. */
@NullMarked
package krites.eval.policy;

import org.jspecify.annotations.NullMarked;
