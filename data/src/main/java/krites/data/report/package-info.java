/**
 * What a data set holds, how balanced it is, and what it shares with others; and how it is
 * rewritten.
 */
@NullMarked
package krites.data.report;

import org.jspecify.annotations.NullMarked;
