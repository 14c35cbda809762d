/** Golden cases of the reference implementations, run against this one. */
@NullMarked
package krites.app.conformance;

import org.jspecify.annotations.NullMarked;
