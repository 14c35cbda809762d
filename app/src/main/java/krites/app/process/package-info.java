/** Verbs of the command line in processes of their own, none of which outlives this one. */
@NullMarked
package krites.app.process;

import org.jspecify.annotations.NullMarked;
