/** Critic benchmarks: pairs, judgements, and what stands beside every score. */
@NullMarked
package krites.eval.critic;

import org.jspecify.annotations.NullMarked;
