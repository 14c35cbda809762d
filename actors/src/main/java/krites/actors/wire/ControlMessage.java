package krites.actors.wire;

/**
 * A small message that travels as CBOR, written by Jackson; only classes of this project are read.
 */
public interface ControlMessage {}
