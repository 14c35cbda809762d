package krites.simulator;

/** What a run promises; each is checked after every event of a simulation. */
public enum Promise {
  /** Groups are numbered 1, 2, 3, ... and no number is used twice. */
  NUMBERS_RISE("group numbers rise by one"),
  /** A group goes forward only, and ends once. */
  ENDS_ONCE("each group ends exactly once"),
  /** The reason of a drop fits where the group was. */
  REASON_FITS("the reason of a drop fits the state of its group"),
  /**
   * Issued is trained plus dropped plus in flight, and the summary says the same as the journal.
   */
  ACCOUNT_CLOSES("the account closes"),
  /** No group of a batch is older than the limit. */
  AGE_BOUNDED("no trained group is older than the limit"),
  /** Steps and versions rise by one. */
  VERSIONS_RISE("steps and versions rise by one"),
  /** A batch has as many groups as asked for, each ready and none twice. */
  BATCH_WHOLE("each batch is whole"),
  /** Not two batches in training. */
  ONE_BATCH("one batch is in training at a time"),
  /** No prompt is skipped, none is issued twice, and what came back is issued first. */
  PROMPTS_IN_ORDER("no prompt is skipped or counted twice"),
  /** A prompt that kills workers, or fails again and again, is given up and never comes back. */
  POISON_ENDS("no prompt is tried for ever"),
  /** A group is at the workers that the journal says, and at no more than two. */
  COPIES_KNOWN("it is known who samples a group"),
  /**
   * A run goes back to a checkpoint that is as new as any that it spoke of, and says what is lost.
   */
  DURABLE_STAYS("what a checkpoint holds stays done"),
  /** Never more groups in flight than the limits allow. */
  IN_FLIGHT_BOUNDED("groups in flight are bounded"),
  /** No group goes into the same weights twice, and the journal knows of each that did. */
  TRAINED_ONCE("nothing is trained twice, and nothing secretly"),
  /** The run ends, or says why it cannot. */
  ENDS("the run ends, or says why not");

  private final String words;

  Promise(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
