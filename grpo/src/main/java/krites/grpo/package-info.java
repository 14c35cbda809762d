/**
 * The language of a run: what a prompt, a group, a reward and a training batch are.
 *
 * <p>Values only. This room knows no thread, clock, file, tensor or actor.
 */
@NullMarked
package krites.grpo;

import org.jspecify.annotations.NullMarked;
