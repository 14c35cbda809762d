/** What can be proved of a run from its journal alone, and where two runs part. */
@NullMarked
package krites.app.audit;

import org.jspecify.annotations.NullMarked;
