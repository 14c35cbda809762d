/** How messages become bytes: who may travel, under which number, within which bounds. */
@NullMarked
package krites.actors.wire;

import org.jspecify.annotations.NullMarked;
