/**
 * How public benchmarks word their questions, so that scores of ours can stand beside theirs: a row
 * of a benchmark's file becomes the text of the user turn.
 *
 * <p>Where pictures stand, how an answer is read and what it earns is not told here.
 */
@NullMarked
package krites.data.benchmark;

import org.jspecify.annotations.NullMarked;
