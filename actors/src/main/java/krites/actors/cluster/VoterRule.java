package krites.actors.cluster;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who counts as gone, as one node decides it: a fixed number of voters that see each other is the
 * cluster, and nodes without a vote have no say.
 *
 * <ul>
 *   <li>A voter in quorum gives up a node that was unreachable for long enough; voters are given
 *       more time than workers. A node whose process has ended is given no time.
 *   <li>A node that sees no quorum for a while gives itself up, before a quorum elsewhere would
 *       give it up.
 *   <li>Before it has seen a quorum for the first time, a node waits longer, and then gives itself
 *       up too: it may have begun a cluster of its own while the others are in another. One that is
 *       no member of anything yet waits without an end.
 * </ul>
 *
 * <p>The number of voters is a setting and not counted from the members: a wave of dying workers
 * changes nothing. Time is passed in. Not thread safe.
 */
final class VoterRule {
  /**
   * A member as this node sees it.
   *
   * @param ended whether its process is known to have ended; then it does not count as reachable
   */
  record Seen(String address, boolean voter, boolean reachable, boolean ended) {
    Seen {
      reachable = reachable && !ended;
    }
  }

  /** What to do now: whom to give up; itself, too, when there is no quorum. */
  record Verdict(Set<String> down, boolean downSelf) {
    Verdict {
      down = Set.copyOf(down);
    }
  }

  /** See {@code krites.cluster.downing} in {@code krites-cluster.conf}. */
  record Limits(
      int quorum,
      Duration workerUnreachable,
      Duration voterUnreachable,
      Duration noQuorum,
      Duration firstQuorum) {}

  private static final Verdict NOTHING = new Verdict(Set.of(), false);

  private final Limits limits;
  private final Map<String, Long> unreachableSince = new HashMap<>();
  private @Nullable Long noQuorumSince;
  private boolean armed;

  VoterRule(Limits limits) {
    this.limits = limits;
  }

  /**
   * Looks at the members, this node among them.
   *
   * @param self this node's address
   */
  Verdict look(String self, List<Seen> members, long nowNanos) {
    Set<String> unreachable = new TreeSet<>();
    members.stream()
        .filter(seen -> !seen.reachable())
        .forEach(seen -> unreachable.add(seen.address()));
    unreachableSince.keySet().retainAll(unreachable);
    unreachable.forEach(address -> unreachableSince.putIfAbsent(address, nowNanos));
    long voters = members.stream().filter(seen -> seen.voter() && seen.reachable()).count();
    if (voters < limits.quorum()) {
      boolean joined = members.stream().anyMatch(seen -> seen.address().equals(self));
      return withoutQuorum(joined, nowNanos);
    }
    armed = true;
    noQuorumSince = null;
    boolean mayDecide =
        members.stream().anyMatch(seen -> seen.voter() && seen.address().equals(self));
    return mayDecide ? new Verdict(overdue(members, nowNanos), false) : NOTHING;
  }

  private Verdict withoutQuorum(boolean joined, long nowNanos) {
    if (!armed && !joined) {
      noQuorumSince = null;
      return NOTHING;
    }
    if (noQuorumSince == null) {
      noQuorumSince = nowNanos;
    }
    Duration limit = armed ? limits.noQuorum() : limits.firstQuorum();
    return new Verdict(Set.of(), nowNanos - noQuorumSince >= limit.toNanos());
  }

  private Set<String> overdue(List<Seen> members, long nowNanos) {
    Set<String> overdue = new HashSet<>();
    for (Seen seen : members) {
      Long since = unreachableSince.get(seen.address());
      Duration limit = seen.voter() ? limits.voterUnreachable() : limits.workerUnreachable();
      if (since != null && (seen.ended() || nowNanos - since >= limit.toNanos())) {
        overdue.add(seen.address());
      }
    }
    return overdue;
  }
}
