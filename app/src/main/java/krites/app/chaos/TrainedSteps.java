package krites.app.chaos;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import krites.app.run.JournalEnd;
import krites.app.run.JournalException;
import krites.app.run.JournalReader;
import krites.app.run.RunDirectory;
import krites.grpo.flow.LedgerEvent.StepTrained;

/**
 * How many steps a run trained, those that it undid included, while it goes on. The journal is
 * opened anew at each look: whoever takes the run over puts another file in its place. One thread.
 */
final class TrainedSteps {
  private final Path journal;
  private JournalEnd seen = JournalEnd.EMPTY;
  private long count;

  /**
   * @param run its folder, which need not be there yet
   */
  TrainedSteps(Path run) {
    this.journal = run.resolve(RunDirectory.EVENTS);
  }

  /** Reads what was written since. */
  long count() {
    if (!Files.exists(journal)) {
      return count;
    }
    Optional<JournalReader> known = JournalReader.openAt(journal, seen);
    if (known.isEmpty()) {
      return count; // records that were seen are never removed; it is being replaced
    }
    long more = 0;
    try (JournalReader reader = known.get()) {
      for (var next = reader.next(); next.isPresent(); next = reader.next()) {
        if (next.get().event() instanceof StepTrained) {
          more++;
        }
      }
      seen = reader.end();
      count += more;
    } catch (JournalException e) {
      return count; // half a line that a crash left was cut off under the reader: the next look
    }
    return count;
  }
}
