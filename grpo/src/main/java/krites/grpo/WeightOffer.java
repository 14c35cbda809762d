package krites.grpo;

import java.util.Optional;

/**
 * Where the bytes of a published version can be had: what a node needs to fetch them from any other
 * that has them, and to know that they are right.
 *
 * <p>It travels over the control plane alone, and is a secret: who has it can fetch the weights.
 *
 * @param update the version; its location is the name that it has on every node
 * @param full all its bytes
 * @param delta what changed since an earlier version; empty where that is not worth sending
 */
public record WeightOffer(WeightUpdate update, Content full, Optional<Delta> delta) {
  /**
   * Bytes on the bulk plane.
   *
   * @param digest names them, and tells whether a list of their parts is right
   * @param ticket the right to have them, and the key by which their parts are found right
   * @param bytes how many there are
   */
  public record Content(String digest, String ticket, long bytes) {
    @Override
    public String toString() {
      return digest + " (" + bytes + " bytes)"; // no ticket in a log
    }
  }

  /**
   * What changed.
   *
   * @param base the version that a node must have to use it
   * @param baseDigest of the weights of that version, as its {@link WeightUpdate} says it
   * @param content the bytes of the change
   */
  public record Delta(PolicyVersion base, String baseDigest, Content content) {}

  /** The version. */
  public PolicyVersion version() {
    return update.version();
  }

  /** Whether a node that holds that version can use the delta. */
  public boolean startsFrom(WeightUpdate held) {
    return delta.isPresent()
        && delta.get().base().equals(held.version())
        && delta.get().baseDigest().equals(held.digest());
  }
}
