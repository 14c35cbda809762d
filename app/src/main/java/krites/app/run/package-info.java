/** The folder of a run: its files, its checkpoints and its summary. */
@NullMarked
package krites.app.run;

import org.jspecify.annotations.NullMarked;
