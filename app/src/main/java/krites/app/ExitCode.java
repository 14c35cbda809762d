package krites.app;

/** What the process tells its caller. */
public final class ExitCode {
  /** All done. */
  public static final int OK = 0;

  /** A check ran and did not hold. */
  public static final int CHECK_FAILED = 1;

  /** Bad input or configuration; nothing was started. */
  public static final int INPUT = 2;

  /** The run was started and failed. */
  public static final int RUN_FAILED = 3;

  /** The model answered, and no verdict could be read in what it said; 4 is the launcher's own. */
  public static final int NO_VERDICT = 5;

  /** Stopped by Ctrl-C (128 + SIGINT). */
  public static final int INTERRUPTED = 130;

  private ExitCode() {}
}
