/** How processes become a cluster: who may join, and who counts as gone. Knows no run. */
@NullMarked
package krites.actors.cluster;

import org.jspecify.annotations.NullMarked;
