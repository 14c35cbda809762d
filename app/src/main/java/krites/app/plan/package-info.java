/** What a run will hold in memory, computed from settings and shapes alone. */
@NullMarked
package krites.app.plan;

import org.jspecify.annotations.NullMarked;
