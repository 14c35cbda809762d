/** Tests of the public benchmarks' rules. */
@NullMarked
package krites.reward.published;

import org.jspecify.annotations.NullMarked;
