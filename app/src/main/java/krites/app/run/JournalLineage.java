package krites.app.run;

import java.nio.file.Path;
import java.util.Optional;
import krites.grpo.flow.LedgerEvent.RunResumed;

/**
 * Reads what checkpoints ask from a journal that another process writes. Each record is read once,
 * as records are asked for in their order.
 */
final class JournalLineage implements CheckpointFiles.Lineage {
  private final Path journal;
  private JournalEnd known;

  /**
   * @param known where the journal ended once; no record before that is asked for, or all are read
   */
  JournalLineage(Path journal, JournalEnd known) {
    this.journal = journal;
    this.known = known;
  }

  @Override
  public synchronized JournalEnd at(long record) {
    try (JournalReader reader = after(record)) {
      known = reader.end();
      return known;
    }
  }

  @Override
  public synchronized void requireCurrent(long record) {
    try (JournalReader reader = after(record)) {
      for (Optional<JournalRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
        if (next.get().event() instanceof RunResumed resumed) {
          throw new IllegalStateException(
              "the run has gone on from step "
                  + resumed.step()
                  + " with another learner (record "
                  + reader.end().records()
                  + " of "
                  + journal
                  + ")");
        }
      }
    }
  }

  private JournalReader after(long record) {
    JournalReader reader =
        (record < known.records()
                ? Optional.<JournalReader>empty()
                : JournalReader.openAt(journal, known))
            .orElseGet(() -> JournalReader.open(journal));
    reader.skip(record - reader.end().records());
    if (reader.end().records() < record) {
      reader.close();
      throw new IllegalStateException(
          journal + " is to have " + record + " records, and has " + reader.end().records());
    }
    return reader;
  }
}
