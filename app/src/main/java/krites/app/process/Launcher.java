package krites.app.process;

import java.nio.file.Path;
import java.util.List;

/** Runs verbs of the command line, each apart from this process; tests put a fake here. */
public interface Launcher {
  /**
   * Says how many verbs run side by side: each uses its share of the processors, since threads that
   * wait for each other's turn cost more than they bring.
   */
  void shareAmong(int verbs);

  /**
   * Runs one verb to its end.
   *
   * @param arguments the verb and its options
   * @param output what it says is added to this file
   * @return its exit code; above 128 where a signal ended it
   */
  int run(List<String> arguments, Path output) throws InterruptedException;

  /** Asks all verbs that are running to stop; those that could go on later leave what they need. */
  void stop();
}
