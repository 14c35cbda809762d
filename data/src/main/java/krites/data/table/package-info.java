/** Files of rows, whatever their container: read one after the other, or one by its position. */
@NullMarked
package krites.data.table;

import org.jspecify.annotations.NullMarked;
