/**
 * Who talks to whom, who owns which thread, and what happens on failure. Decisions are calls into
 * {@code krites.grpo}; the numerical rooms are reached through its ports.
 */
@NullMarked
package krites.actors;

import org.jspecify.annotations.NullMarked;
