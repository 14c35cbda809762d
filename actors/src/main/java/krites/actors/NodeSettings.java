package krites.actors;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a process takes part in a cluster.
 *
 * @param host under which other nodes reach it
 * @param port under which other nodes reach it; 0 for one that the system picks
 * @param bindHost the interface it listens on; empty for {@code host}
 * @param seeds {@code host:port} of nodes to begin with; a node that names itself first may begin a
 *     cluster
 * @param roles what it takes: orchestrator, params, learner, rollout, reward, voter
 * @param cluster the name of the cluster; nodes of another name are refused
 * @param version of Krites; nodes of another version are refused
 * @param downing who decides that a node is gone, and when
 * @param tls encrypts and authenticates everything between nodes; empty for plain TCP
 */
public record NodeSettings(
    String host,
    int port,
    Optional<String> bindHost,
    List<String> seeds,
    Set<String> roles,
    String cluster,
    String version,
    Downing downing,
    Optional<Tls> tls) {

  /** All roles that somebody can give a node. */
  public static final List<String> ROLES =
      List.of("orchestrator", "params", "learner", "rollout", "reward", "voter");

  /**
   * When a node counts as gone. See docs/cluster.md.
   *
   * @param quorum voters that must see each other; more than half of all voters there will ever be
   * @param heartbeatPause silence that the failure detector takes for normal
   * @param workerUnreachable until an unreachable node without a vote is given up
   * @param voterUnreachable until an unreachable voter is given up; longer than {@code noQuorum}
   * @param noQuorum until a node that sees no quorum gives itself up
   * @param refusedMeansEnded whether a node at whose port nobody listens any more is given up at
   *     once
   */
  public record Downing(
      int quorum,
      Duration heartbeatPause,
      Duration workerUnreachable,
      Duration voterUnreachable,
      Duration noQuorum,
      boolean refusedMeansEnded) {
    /** For hosts that may be busy: a worker that is silent is given up after about 15 s. */
    public static final Downing USUAL =
        new Downing(
            1,
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofSeconds(20),
            Duration.ofSeconds(12),
            true);

    public Downing {
      if (quorum < 1) {
        throw new IllegalArgumentException("quorum " + quorum + " is below 1");
      }
      if (voterUnreachable.compareTo(noQuorum) <= 0) {
        throw new IllegalArgumentException(
            "voters are given up after "
                + voterUnreachable.toSeconds()
                + " s, but only after "
                + noQuorum.toSeconds()
                + " s a node without quorum has given itself up; the first must be longer");
      }
    }

    /** The same with another quorum. */
    public Downing withQuorum(int other) {
      return new Downing(
          other, heartbeatPause, workerUnreachable, voterUnreachable, noQuorum, refusedMeansEnded);
    }
  }

  /** PKCS12 stores with the key of this node and the certificates that it trusts. */
  public record Tls(Path keyStore, Path trustStore, String password) {
    @Override
    public String toString() {
      return "Tls[" + keyStore + ", " + trustStore + "]"; // no password in a log
    }
  }

  public NodeSettings {
    seeds = List.copyOf(seeds);
    roles = Set.copyOf(roles);
    for (String role : roles) {
      if (!ROLES.contains(role)) {
        throw new IllegalArgumentException(
            "role " + role + " does not exist; roles are " + String.join(", ", ROLES));
      }
    }
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port " + port + " is not one of 0 to 65535");
    }
    if (!cluster.matches("[A-Za-z0-9._-]{1,60}")) {
      throw new IllegalArgumentException("cluster name '" + cluster + "'");
    }
  }
}
