package krites.simulator;

/**
 * A simulated node died in the middle of a call. An error and not an exception, because code that
 * survives a failing call must not survive the loss of the machine that it runs on.
 */
final class NodeLost extends Error {
  private static final long serialVersionUID = 1L;

  NodeLost(String node, FaultKind fault) {
    super(node + " was lost (" + fault.word() + ")", null, false, false);
  }
}
