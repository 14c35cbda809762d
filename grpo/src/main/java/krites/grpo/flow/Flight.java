package krites.grpo.flow;

import java.util.List;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.GroupState.Phase;
import org.jspecify.annotations.Nullable;

/**
 * One group in flight, as the ledger keeps it: at most 300 bytes with its places in the ledger's
 * indexes.
 */
final class Flight {
  final long id;
  final PromptTicket ticket;
  Phase phase = Phase.GENERATING;
  List<String> workers; // never more than two
  @Nullable PolicyVersion oldest;

  Flight(long id, PromptTicket ticket, List<String> workers) {
    this.id = id;
    this.ticket = ticket;
    this.workers = workers;
  }

  static Flight of(LedgerSnapshot.Flight kept) {
    Flight flight = new Flight(kept.groupId(), kept.ticket(), kept.state().workers());
    flight.phase = kept.state().phase();
    flight.oldest = kept.state().oldest();
    return flight;
  }

  PolicyVersion knownOldest() {
    PolicyVersion known = oldest;
    if (known == null) {
      throw new IllegalStateException("group " + id + " has no tokens yet");
    }
    return known;
  }

  /** The older of what is known and {@code version}. */
  PolicyVersion older(PolicyVersion version) {
    PolicyVersion known = oldest;
    return known == null || version.number() < known.number() ? version : known;
  }

  GroupState state() {
    return new GroupState(phase, workers, oldest);
  }
}
