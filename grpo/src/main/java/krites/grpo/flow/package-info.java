/**
 * Decisions of an asynchronous run: which group may start, what may be trained, what became stale,
 * what was lost.
 *
 * <p>Pure: no clock, no thread, no file. Whoever owns these objects applies events one after the
 * other.
 */
@NullMarked
package krites.grpo.flow;

import org.jspecify.annotations.NullMarked;
