/** What becomes of judgements of pairs: votes, agreement of the two orders, and a knockout. */
@NullMarked
package krites.grpo.judge;

import org.jspecify.annotations.NullMarked;
