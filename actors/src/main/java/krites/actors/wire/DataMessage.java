package krites.actors.wire;

/** A message with groups in it; it travels in the binary form of {@link DataSerializer}. */
public interface DataMessage {}
