/** Models on benchmarks: what is asked, the folder of records, the table. */
@NullMarked
package krites.app.eval;

import org.jspecify.annotations.NullMarked;
