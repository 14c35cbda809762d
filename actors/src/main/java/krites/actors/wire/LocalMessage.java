package krites.actors.wire;

import org.apache.pekko.actor.NoSerializationVerificationNeeded;

/**
 * A message that an actor sends to itself, or that carries what exists only in this process. It
 * never travels.
 */
public interface LocalMessage extends NoSerializationVerificationNeeded {}
