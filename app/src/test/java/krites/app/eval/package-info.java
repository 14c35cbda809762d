/** Tests of what an evaluation leaves. */
@NullMarked
package krites.app.eval;

import org.jspecify.annotations.NullMarked;
