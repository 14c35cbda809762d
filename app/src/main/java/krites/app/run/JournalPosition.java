package krites.app.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.RunState;

/**
 * Where a run goes on, as its journal says.
 *
 * @param continuation the state in the checkpoint, and what the journal says since then
 * @param end where the journal ended when it was read
 */
record JournalPosition(Continuation continuation, JournalEnd end) {
  /**
   * The state in a checkpoint and what the journal says since then, with every line of that
   * checked.
   *
   * @param saved what the checkpoint holds
   * @param folder of that checkpoint, for messages
   * @param whole whether what stands before is checked too; else the last record that the
   *     checkpoint has seen vouches for it, and the time does not depend on the length of the run
   * @return empty if the run has gone on from an earlier checkpoint since: what this one has
   *     learned is undone
   * @throws InputError if the journal is damaged or is not the one that the checkpoint belongs to
   */
  static Optional<JournalPosition> after(
      Path journal, CheckpointFiles.Saved saved, Path folder, boolean whole) {
    RunState state = saved.state();
    try (JournalReader reader =
        saved
            .end()
            .filter(_ -> !whole)
            .flatMap(end -> JournalReader.openAt(journal, end))
            .orElseGet(() -> fromStart(journal, saved, folder))) {
      List<LedgerEvent> since = rest(reader);
      boolean undone =
          since.stream()
              .anyMatch(event -> event instanceof RunResumed to && to.step() < state.step());
      return undone
          ? Optional.empty()
          : Optional.of(new JournalPosition(continuation(journal, state, since), reader.end()));
    }
  }

  /** A reader behind what the checkpoint has seen, with all of that checked. */
  private static JournalReader fromStart(Path journal, CheckpointFiles.Saved saved, Path folder) {
    long seen = saved.state().journal();
    JournalReader reader = JournalReader.open(journal);
    try {
      long found = reader.skip(seen);
      if (found < seen) {
        throw new InputError(
            journal
                + ": expected at least "
                + seen
                + " records, as checkpoint "
                + folder
                + " has seen, found "
                + found
                + "; the journal lost records: restore it from a copy, or start a new run");
      }
      if (!reader.end().digest().equals(saved.journalDigest())) {
        throw new InputError(
            journal
                + ": line "
                + seen
                + ": expected crc "
                + saved.journalDigest()
                + ", as checkpoint "
                + folder
                + " has seen, found "
                + reader.end().digest()
                + "; journal and checkpoint are not of the same run: put the right files together");
      }
      return reader;
    } catch (RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  /**
   * The beginning of a run that has no checkpoint, and all that its journal says since then; empty
   * if the journal has no record.
   *
   * @throws InputError if the journal is damaged
   */
  static Optional<JournalPosition> ofStart(Path journal) {
    if (!Files.exists(journal)) {
      return Optional.empty();
    }
    try (JournalReader reader = JournalReader.open(journal)) {
      Optional<JournalRecord> record = reader.next();
      if (record.isEmpty()) {
        return Optional.empty();
      }
      LedgerEvent first = record.get().event();
      if (!(first instanceof RunStarted started)) {
        throw JournalException.foreign(
            journal, 1, "expected RunStarted, found " + EventJson.name(first));
      }
      RunState state = new RunState(-1, RunLedger.of(started).snapshot(), 1);
      Continuation continuation = continuation(journal, state, rest(reader));
      return Optional.of(new JournalPosition(continuation, reader.end()));
    }
  }

  /** Events since the last checkpoint fit into memory: the run held their groups there too. */
  private static List<LedgerEvent> rest(JournalReader reader) {
    List<LedgerEvent> events = new ArrayList<>();
    for (var next = reader.next(); next.isPresent(); next = reader.next()) {
      events.add(next.get().event());
    }
    return events;
  }

  /** Refuses events that cannot follow, with the line of the first. */
  private static Continuation continuation(Path journal, RunState state, List<LedgerEvent> since) {
    RunLedger ledger = RunLedger.restore(state.ledger());
    long line = state.journal();
    for (LedgerEvent event : since) {
      line++;
      try {
        ledger.apply(event);
      } catch (IllegalStateException e) {
        throw new InputError(
            journal
                + ": line "
                + line
                + ": "
                + e.getMessage()
                + "; journal and checkpoint do not fit together (see krites audit)",
            e);
      }
    }
    return new Continuation(state, since);
  }
}
