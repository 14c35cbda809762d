/** {@code krites data}: looks at data sets, converts and checks them. */
@NullMarked
package krites.app.dataset;

import org.jspecify.annotations.NullMarked;
