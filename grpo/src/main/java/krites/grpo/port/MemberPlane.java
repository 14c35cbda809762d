package krites.grpo.port;

import java.util.List;

/**
 * One member's end of the connections between the members of a learner that are in several
 * processes. It listens from the moment it is opened; who belongs together is told later.
 */
public interface MemberPlane extends AutoCloseable {
  /** Where the other members reach this one, as {@code host:port}. */
  String address();

  /** A new secret, for the members of one learner and no others. */
  String freshTicket();

  /**
   * Connects to all other members, once; the exchange is closed with the plane.
   *
   * @param ticket the same for all of them
   * @param addresses of all members, by rank
   * @param rank of this one
   * @throws MemberLost if a member does not come
   */
  MemberExchange join(String ticket, List<String> addresses, int rank);

  @Override
  void close();
}
