package krites.grpo.port;

/**
 * A member of a learner that does not lead: it trains its share of each batch, and owns its shard
 * of the optimizer. What is to be done it hears from the member that leads.
 *
 * <p>Not thread safe: one owner, one thread.
 */
public interface TrainerMember extends AutoCloseable {
  /**
   * One piece of work; without any it waits a moment for the leading member's word, so that the
   * owner can read its mailbox in between.
   *
   * @throws MemberLost if another member is
   */
  void advance();

  @Override
  void close();
}
