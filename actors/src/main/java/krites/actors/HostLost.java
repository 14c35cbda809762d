package krites.actors;

import org.jspecify.annotations.Nullable;

/**
 * The node that hosted an actor is gone, or is about to leave. That says nothing against the actor,
 * so it counts against no limit of restarts.
 */
final class HostLost extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final @Nullable String gone;

  private HostLost(String what, @Nullable String gone) {
    super(what);
    this.gone = gone;
  }

  /** The node is gone and answers no more. */
  static HostLost gone(String node) {
    return new HostLost(node + " is gone", node);
  }

  /** The node will leave, and answers until then. */
  static HostLost leaving(String node, String part) {
    return new HostLost(node + ", which hosts the " + part + ", is leaving", null);
  }

  /** Whether this is the node that answers no more. */
  boolean isGone(String node) {
    return node.equals(gone);
  }
}
