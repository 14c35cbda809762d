/**
 * The command line: verbs, wiring of the rooms, and what a run leaves on disk. The only room that
 * knows all rooms.
 */
@NullMarked
package krites.app;

import org.jspecify.annotations.NullMarked;
