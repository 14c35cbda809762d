package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import krites.grpo.flow.FlowLimits;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.PromptMix;
import krites.grpo.flow.RunLedger;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;

/** What is applied is on its way to the disk, in order, and no more than the bound waits. */
final class FlowJournalTest {
  private static final LedgerEvent PUBLISHED =
      new LedgerEvent.VersionPublished(World.FIRST, "digest");

  private final TestInbox<Recorder.Command> recorder = TestInbox.create();
  private final TestInbox<Orchestrator.Command> self = TestInbox.create();
  private final RunLedger ledger =
      RunLedger.of(
          new LedgerEvent.RunStarted(1, 50, PromptMix.NONE, FlowLimits.of(20, 4, 1), World.FIRST));
  private final FlowJournal journal =
      new FlowJournal(ledger, 5, recorder.getRef(), self.getRef(), 0);

  @Test
  void entriesAreCountedFromTheBeginningOfTheRunAndHandedOverInOrder() {
    journal.note(PUBLISHED);
    journal.note(new LedgerEvent.CheckpointWritten(0));
    journal.flush();
    journal.flush();
    journal.note(PUBLISHED);
    journal.sync();
    assertEquals(
        List.of(
            new Recorder.RecordEvents(
                List.of(PUBLISHED, new LedgerEvent.CheckpointWritten(0)), 7, self.getRef()),
            new Recorder.RecordEvents(List.of(PUBLISHED), 8, self.getRef()),
            new Recorder.Sync(8, self.getRef())),
        recorder.getAllReceived());
    assertEquals(8, journal.entries());
  }

  @Test
  void anEventThatTheLedgerRefusesIsNotWritten() {
    assertThrows(
        IllegalStateException.class, () -> journal.note(new LedgerEvent.CheckpointWritten(3)));
    journal.flush();
    assertFalse(recorder.hasMessages());
    assertEquals(5, journal.entries());
  }

  @Test
  void itIsFullBeyondTheBoundUntilTheRecorderHasWritten() {
    for (long i = 0; i < FlowJournal.MOST_UNWRITTEN; i++) {
      journal.note(PUBLISHED);
    }
    assertFalse(journal.isFull());
    journal.note(PUBLISHED);
    assertTrue(journal.isFull());
    journal.written(6, 9);
    assertFalse(journal.isFull());
    assertEquals(9, journal.writtenAtNanos());
    assertEquals(FlowJournal.MOST_UNWRITTEN, journal.unwritten());
  }

  @Test
  void confirmationsThatComeLateOrTwiceTakeNothingBack() {
    for (int i = 0; i < 5; i++) {
      journal.note(PUBLISHED);
    }
    journal.synced(8, 1);
    journal.written(6, 2);
    journal.synced(7, 3);
    assertEquals(2, journal.unwritten());
    assertTrue(journal.isSynced(8));
    assertFalse(journal.isSynced(9));
  }
}
