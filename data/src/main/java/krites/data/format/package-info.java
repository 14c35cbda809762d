/** What rows of published data sets mean: one description a format, all giving the same samples. */
@NullMarked
package krites.data.format;

import org.jspecify.annotations.NullMarked;
