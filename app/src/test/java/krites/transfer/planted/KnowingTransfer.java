package krites.transfer.planted;

import krites.grpo.PolicyVersion;

/**
 * Breaks the rules of its room on purpose; KritesArchitectureTest checks that each rule notices.
 */
final class KnowingTransfer {
  String nameOf(PolicyVersion version) {
    return version.toString();
  }
}
