/** What more answers and judgements at test time are worth. */
@NullMarked
package krites.eval.scaling;

import org.jspecify.annotations.NullMarked;
