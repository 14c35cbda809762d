/**
 * The built-in world: small pictures of coloured shapes, questions with checkable answers, pairs of
 * responses to judge, and the texts of a teacher with chosen bad habits.
 *
 * <p>Everything is a function of a seed, a split and an index: nothing is stored, and any item can
 * be asked for alone.
 */
@NullMarked
package krites.data.shapes;

import org.jspecify.annotations.NullMarked;
