package krites.grpo.port;

import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Bytes between the members of one learner: a stream from each to every other. Where one call ends
 * and the next begins means nothing to the stream.
 *
 * <p>One thread at a time, but for {@link #close()}. Every call ends: with its bytes moved, or with
 * {@link MemberLost} when the other member is gone, is silent for too long, or sent what cannot be
 * right. After that the exchange is of no more use.
 */
public interface MemberExchange extends AutoCloseable {
  /** Which member this is: 0, which leads, to {@code members() - 1}. */
  int rank();

  /** How many there are, this one included; at least two. */
  int members();

  /**
   * Sends what the buffer has left. The bytes are taken over before it returns; it waits while the
   * other member has much that it did not take yet.
   */
  void send(int to, ByteBuffer bytes);

  /** Waits until another member has sent something that was not received yet; whether it has. */
  boolean await(int from, Duration atMost);

  /** Fills the buffer up to its limit. */
  void receive(int from, ByteBuffer target);

  /** Ends this member's part: the others are told that it is gone. From any thread. */
  @Override
  void close();
}
