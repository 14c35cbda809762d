package krites.app.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Checks all golden cases of one kind found in a directory laid out like the golden data. */
public interface ConformanceCheck {
  /** The folder that this check reads. */
  String name();

  /** Whether the directory holds cases of this kind. */
  boolean appliesTo(Path directory);

  /**
   * Runs every case found and reports each compared item; a broken case is a failed result, not an
   * exception.
   */
  void run(Path directory, Consumer<CaseResult> results) throws IOException;
}
