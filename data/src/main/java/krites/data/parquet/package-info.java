/**
 * Parquet files as rows of JSON trees, without Hadoop and without native code.
 *
 * <p>The footer's structures, the encodings and the assembly of nested records are those of the
 * reference library; finding pages and uncompressing them is done here.
 */
@NullMarked
package krites.data.parquet;

import org.jspecify.annotations.NullMarked;
