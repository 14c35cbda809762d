/** Tests of the rewards. */
@NullMarked
package krites.reward;

import org.jspecify.annotations.NullMarked;
