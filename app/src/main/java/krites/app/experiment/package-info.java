/** {@code krites experiment}: a grid of runs over arms and seeds, with one table and one plot. */
@NullMarked
package krites.app.experiment;

import org.jspecify.annotations.NullMarked;
