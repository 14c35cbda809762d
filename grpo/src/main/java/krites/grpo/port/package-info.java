/** What the actors ask of the numerical rooms: one interface per role, implemented elsewhere. */
@NullMarked
package krites.grpo.port;

import org.jspecify.annotations.NullMarked;
