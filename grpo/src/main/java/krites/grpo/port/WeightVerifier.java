package krites.grpo.port;

import krites.grpo.WeightUpdate;

/**
 * Reads published weights back before they are announced, and removes those that nobody needs.
 * Thread safe.
 */
public interface WeightVerifier {
  /**
   * Reads the weights and compares their digest.
   *
   * @throws java.io.UncheckedIOException if they are unreadable or differ
   */
  void verify(WeightUpdate update);

  /** Deletes the weights of a version that no worker holds or will ask for. */
  void retire(WeightUpdate update);
}
