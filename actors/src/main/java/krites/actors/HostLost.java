package krites.actors;

/**
 * The node that hosted an actor is gone, or is about to leave. That says nothing against the actor,
 * so it counts against no limit of restarts.
 */
final class HostLost extends RuntimeException {
  private static final long serialVersionUID = 1L;

  HostLost(String what) {
    super(what);
  }
}
