package krites.transfer;

/** Hears what is worth a line in a log. Called on transfer threads; must not block. */
public interface TransferListener {
  /** A connection was turned away; nothing was sent but, to a peer of ours, the reason's number. */
  void refused(String peer, String reason);

  /**
   * A transfer from or to a peer ended before its time; a receiver goes on with the next source.
   */
  void broken(String peer, String reason);
}
