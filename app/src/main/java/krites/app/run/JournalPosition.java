package krites.app.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.flow.Continuation;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.RunLedger;
import krites.grpo.flow.RunState;

/** Finds in a journal where a run goes on. Reads only. */
public final class JournalPosition {
  private JournalPosition() {}

  /**
   * The state in a checkpoint and what the journal says since then, with every line of the journal
   * checked.
   *
   * @param saved what the checkpoint holds
   * @param folder of that checkpoint, for messages
   * @throws InputError if the journal is damaged or is not the one that the checkpoint belongs to
   */
  public static Continuation after(Path journal, CheckpointFiles.Saved saved, Path folder) {
    RunState state = saved.state();
    try (JournalReader reader = JournalReader.open(journal)) {
      long found = reader.skip(state.journal());
      if (found < state.journal()) {
        throw new InputError(
            journal
                + ": expected at least "
                + state.journal()
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
                + state.journal()
                + ": expected crc "
                + saved.journalDigest()
                + ", as checkpoint "
                + folder
                + " has seen, found "
                + reader.end().digest()
                + "; journal and checkpoint are not of the same run: put the right files together");
      }
      return continuation(journal, state, rest(reader));
    }
  }

  /**
   * The beginning of a run that has no checkpoint, and all that its journal says since then; empty
   * if the journal has no record.
   *
   * @throws InputError if the journal is damaged
   */
  public static Optional<Continuation> ofStart(Path journal) {
    if (JournalReader.endOf(journal).records() == 0) {
      return Optional.empty();
    }
    try (JournalReader reader = JournalReader.open(journal)) {
      LedgerEvent first = reader.next().orElseThrow().event();
      if (!(first instanceof RunStarted started)) {
        throw JournalException.foreign(
            journal, 1, "expected RunStarted, found " + EventJson.name(first));
      }
      RunState state = new RunState(-1, RunLedger.of(started).snapshot(), 1);
      return Optional.of(continuation(journal, state, rest(reader)));
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
