package krites.app;

/** Whether this process was asked to end: by Ctrl-C, SIGTERM or its own exit. */
final class Stopping {
  private static volatile boolean asked;

  private Stopping() {}

  /** From now on it is noticed. */
  static void listen() {
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> asked = true));
  }

  static boolean isAsked() {
    return asked;
  }
}
