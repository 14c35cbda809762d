/** What a run tells about itself: plain values that a recorder writes down. */
@NullMarked
package krites.grpo.record;

import org.jspecify.annotations.NullMarked;
