/**
 * Prompts become groups of sampled responses, step by step on one device.
 *
 * <p>Does not know who asked, which worker it is, or what a response is worth.
 */
@NullMarked
package krites.rollout;

import org.jspecify.annotations.NullMarked;
