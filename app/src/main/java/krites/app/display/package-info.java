/** What a person sees on the terminal while a run goes on, and after it. */
@NullMarked
package krites.app.display;

import org.jspecify.annotations.NullMarked;
