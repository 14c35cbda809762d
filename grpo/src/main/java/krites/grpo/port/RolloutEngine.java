package krites.grpo.port;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;

/**
 * Turns prompts into groups on one device, step by step.
 *
 * <p>Not thread safe: one owner, one thread. Between two steps the owner may start groups, swap
 * weights or close.
 */
public interface RolloutEngine extends AutoCloseable {
  /** How many groups may be in flight at once; the owner never starts more. */
  int capacity();

  /**
   * How many groups may be in flight at once when all have {@code groupSize} responses; at least 1.
   * An engine that decodes row by row has room for more small groups (an evaluation's, of one
   * response) than for large ones. Where sizes are mixed, the owner keeps the sum of {@code 1 /
   * capacity(size)} over the groups in flight at most 1, with {@link #capacity()} for training
   * groups.
   */
  default int capacity(int groupSize) {
    return capacity();
  }

  /** Groups started and not yet returned. */
  int active();

  /**
   * Accepts a group; the work happens in {@link #step()}. A group with a prefix goes on from there:
   * the tokens of the prefix are kept with their log-probs and versions, and finished responses are
   * left as they are.
   */
  void start(GroupRequest request);

  /**
   * A short piece of work (a prefill, or a chunk of decoded tokens); returns the groups that ended
   * with it.
   */
  List<RolloutOutcome> step();

  /** Forgets a group that nobody waits for; no outcome follows. Unknown ids are ignored. */
  void cancel(long groupId);

  /**
   * Takes a group out as far as it is; no outcome follows, and its room is free.
   *
   * @return empty when the group is unknown, or has not begun and had no prefix
   */
  Optional<PartialGroup> cut(long groupId);

  /**
   * Takes over published weights; sequences in flight go on under them.
   *
   * @throws java.io.UncheckedIOException if the weights cannot be read or do not match their
   *     digest; the old weights stay
   */
  void update(WeightUpdate update);

  /** The version that the next token will be produced by. */
  PolicyVersion version();

  /**
   * Counters since the start (for example {@code response_tokens}, {@code decode_seconds}), names
   * in docs/metrics.md.
   */
  Map<String, Double> counters();

  @Override
  void close();
}
