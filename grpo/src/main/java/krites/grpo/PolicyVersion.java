package krites.grpo;

/**
 * One published state of the policy: {@code number} rises by one with each optimizer step, {@code
 * term} rises each time a learner takes over (a fence: an older term is refused).
 */
public record PolicyVersion(long term, long number) implements Comparable<PolicyVersion> {
  public PolicyVersion {
    if (term < 0 || number < 0) {
      throw new IllegalArgumentException("policy version " + term + "." + number + " is negative");
    }
  }

  public PolicyVersion next() {
    return new PolicyVersion(term, number + 1);
  }

  /**
   * Versions between an older one and this one; the staleness of a token that the older one
   * produced.
   */
  public long staleness(PolicyVersion older) {
    return number - older.number;
  }

  @Override
  public int compareTo(PolicyVersion other) {
    int byTerm = Long.compare(term, other.term);
    return byTerm != 0 ? byTerm : Long.compare(number, other.number);
  }

  @Override
  public String toString() {
    return "v" + number + (term == 0 ? "" : "/t" + term);
  }
}
