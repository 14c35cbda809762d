/**
 * How public benchmarks read and score what a model wrote, so that numbers of ours can stand beside
 * theirs. Nothing here rewards a response of a run.
 */
@NullMarked
package krites.reward.published;

import org.jspecify.annotations.NullMarked;
