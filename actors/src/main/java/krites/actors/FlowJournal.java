package krites.actors;

import java.util.ArrayList;
import java.util.List;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.RunLedger;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * The only way to the ledger: what is applied to it is on its way to the journal, in the same
 * order.
 *
 * <p>Entries are counted from the beginning of the run. The recorder confirms what it has written;
 * when too much is unconfirmed the run takes no new groups, so a slow disk slows the run down
 * instead of filling the memory.
 */
final class FlowJournal {
  /** Unconfirmed entries, at some 200 bytes each, before no new work is taken. */
  static final long MOST_UNWRITTEN = 10_000;

  private final RunLedger ledger;
  private final ActorRef<Recorder.Command> recorder;
  private final ActorRef<Orchestrator.Command> replyTo;
  private final List<LedgerEvent> open = new ArrayList<>();
  private long noted;
  private long written;
  private long synced;
  private long writtenAtNanos;

  /**
   * @param entries of the journal so far, all of them applied to the ledger
   */
  FlowJournal(
      RunLedger ledger,
      long entries,
      ActorRef<Recorder.Command> recorder,
      ActorRef<Orchestrator.Command> replyTo,
      long nowNanos) {
    this.ledger = ledger;
    this.recorder = recorder;
    this.replyTo = replyTo;
    this.noted = entries;
    this.written = entries;
    this.synced = entries;
    this.writtenAtNanos = nowNanos;
  }

  /** Applies an event and writes it down. */
  void note(LedgerEvent event) {
    ledger.apply(event);
    open.add(event);
    noted++;
  }

  /** The first entry of a run, which made the ledger. */
  void begin(RunStarted started) {
    open.add(started);
    noted++;
  }

  /** Hands over what was noted since the last call. */
  void flush() {
    if (!open.isEmpty()) {
      recorder.tell(new Recorder.RecordEvents(List.copyOf(open), noted, replyTo));
      open.clear();
    }
  }

  /** Asks for everything noted so far to be forced to disk. */
  void sync() {
    flush();
    recorder.tell(new Recorder.Sync(noted, replyTo));
  }

  void written(long entries, long nowNanos) {
    written = Math.max(written, entries);
    writtenAtNanos = nowNanos;
  }

  void synced(long entries, long nowNanos) {
    synced = Math.max(synced, entries);
    written(entries, nowNanos);
  }

  /** Entries noted so far. */
  long entries() {
    return noted;
  }

  /** Whether an entry is safe on disk. */
  boolean isSynced(long entries) {
    return synced >= entries;
  }

  /** Entries that the recorder has not confirmed. */
  long unwritten() {
    return noted - written;
  }

  boolean isFull() {
    return unwritten() > MOST_UNWRITTEN;
  }

  /** When the recorder last confirmed anything. */
  long writtenAtNanos() {
    return writtenAtNanos;
  }
}
