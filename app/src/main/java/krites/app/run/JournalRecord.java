package krites.app.run;

import java.time.Instant;
import krites.grpo.flow.LedgerEvent;

/**
 * One fact of a run as it stands in the journal.
 *
 * @param seq number of the record, from 1; it is the number of its line too
 * @param time when it was written, in milliseconds; nothing is ever decided by it
 * @param crc checksum of this record and, through the record before, of all that came earlier;
 *     eight hexadecimal digits
 */
public record JournalRecord(long seq, Instant time, LedgerEvent event, String crc) {}
