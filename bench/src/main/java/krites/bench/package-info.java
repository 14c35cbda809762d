/** What the parts that every group passes through cost; measured by hand, not by the build. */
@NullMarked
package krites.bench;

import org.jspecify.annotations.NullMarked;
