/** The part of the Jinja language that chat templates use, without reflection and with limits. */
@NullMarked
package krites.model.jinja;

import org.jspecify.annotations.NullMarked;
