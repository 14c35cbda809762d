package krites.grpo.flow;

/** What {@link FlowChecker} holds a journal to; each is shown to bite by a planted fault. */
enum Promise {
  BEGINS_ONCE("a journal begins with the start of the run, and has no other"),
  GROUP_NUMBERS("the numbers of groups are used once and in order"),
  ADMISSION("no more groups are in flight than the limits allow"),
  PLACE_ORDER("no place in the order of prompts is skipped"),
  PLACE_ONCE("a place in the order of prompts is under way once, and not after it ended"),
  RETURNED_FIRST("what came back is issued before anything new, lowest first"),
  CONDEMNED_WAITS("a prompt that used up its budget is not issued"),
  SET_ASIDE_WAITS("a prompt that was set aside is not issued"),
  SET_ASIDE_REASON("a prompt is set aside when its budget is used up, or was set aside before"),
  SET_ASIDE_IN_TIME("a prompt that used up its budget is set aside before the next batch"),
  IN_FLIGHT("a group ends once, and nothing happens to it after that"),
  PHASE("a group goes through its phases in order"),
  WORKER("a group comes from a worker that samples it"),
  COPIES("a group is sampled by at most two workers, and by the second of them only once"),
  KNOWN_VERSION("no token is newer than the newest policy"),
  REASON("a group is dropped for a reason that can be"),
  ONE_BATCH("one batch is in training at a time"),
  BATCH_SIZE("a batch is whole and names no group twice"),
  BATCH_STEP("a batch is for the next step and the current version"),
  AGE("no trained group is older than the limit in force when its batch was taken"),
  STEP("a step follows its batch, and steps rise by one"),
  VERSION("versions rise by one within a term"),
  PUBLISHED("what is published is the current version"),
  CHECKPOINT("a checkpoint is of a completed step, none older than the one before"),
  RESUME_EMPTY("a run goes on with nothing in flight"),
  RESUME_STEP("a run goes on from a step whose loss the journal can undo"),
  RESUME_VERSION("a run goes on with the version of its step"),
  TERM("the term rises with each learner that takes over"),
  CHANGE("a change holds from the next batch on and leaves the size of a step alone"),
  CLOSES("issued = trained + dropped + in flight, for groups and for places"),
  AGREES("the ledger says the same as the journal"),
  COMPLETE("a run that is complete trained all of its steps and has nothing left in flight");

  private final String sentence;

  Promise(String sentence) {
    this.sentence = sentence;
  }

  /** A promise that was broken. */
  static final class Broken extends AssertionError {
    private static final long serialVersionUID = 1;
    private final Promise promise;

    Broken(Promise promise, String details) {
      super(promise + " (" + promise.sentence + "): " + details);
      this.promise = promise;
    }

    Promise promise() {
      return promise;
    }
  }

  void require(boolean holds, Object details) {
    if (!holds) {
      throw new Broken(this, String.valueOf(details));
    }
  }
}
