package krites.app.chaos;

import java.nio.file.Files;
import java.nio.file.Path;
import krites.app.run.JournalException;
import krites.app.run.JournalReader;
import krites.app.run.RunDirectory;
import krites.grpo.flow.LedgerEvent.StepTrained;
import org.jspecify.annotations.Nullable;

/** How many steps a run trained, those that it undid included, while it goes on. One thread. */
final class TrainedSteps implements AutoCloseable {
  private final Path journal;
  private @Nullable JournalReader reader;
  private long inReader;
  private long most;

  /**
   * @param run its folder, which need not be there yet
   */
  TrainedSteps(Path run) {
    this.journal = run.resolve(RunDirectory.EVENTS);
  }

  /** Reads what was written since. */
  long count() {
    try {
      JournalReader open = reader;
      if (open == null) {
        if (!Files.exists(journal)) {
          return 0;
        }
        open = JournalReader.open(journal);
        reader = open;
        inReader = 0;
      }
      for (var next = open.next(); next.isPresent(); next = open.next()) {
        if (next.get().event() instanceof StepTrained) {
          inReader++;
        }
      }
    } catch (JournalException e) {
      close(); // half a line that a crash left was cut off under the reader: it begins again
    }
    most = Math.max(most, inReader);
    return most;
  }

  @Override
  public void close() {
    if (reader != null) {
      reader.close();
      reader = null;
    }
  }
}
