package krites.grpo.flow;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;
import org.jspecify.annotations.Nullable;

/**
 * The steps that made the weights of a run as they are at the end of its journal, in order. Steps
 * that a resume undid are not among them.
 *
 * @param parts what one learner trained without a break, oldest first; each goes on from the
 *     weights and the optimizer that the one before it ended with
 */
public record ReplayPlan(List<Part> parts) {
  public ReplayPlan {
    parts = List.copyOf(parts);
  }

  /**
   * The steps of one term.
   *
   * @param start the version that the term began with
   * @param digest of the weights of that version; empty if the journal does not tell
   * @param steps in order, without a gap
   */
  public record Part(PolicyVersion start, Optional<String> digest, List<Step> steps) {
    public Part {
      steps = List.copyOf(steps);
    }
  }

  /**
   * A step that survived.
   *
   * @param step its number
   * @param policy the version that was trained
   * @param groupIds its batch, in order
   * @param version the result
   * @param digest of the weights of that version; empty if the journal does not tell, as it may for
   *     the last step before a crash
   */
  public record Step(
      long step,
      PolicyVersion policy,
      List<Long> groupIds,
      PolicyVersion version,
      Optional<String> digest) {
    public Step {
      groupIds = List.copyOf(groupIds);
    }
  }

  /** Steps of all parts. */
  public List<Step> steps() {
    return parts.stream().flatMap(part -> part.steps().stream()).toList();
  }

  /** The same plan up to a step. */
  public ReplayPlan upTo(long last) {
    return new ReplayPlan(cut(parts, last));
  }

  /**
   * Reads the plan out of a journal.
   *
   * @throws IllegalArgumentException if the events cannot be those of one run
   */
  public static ReplayPlan of(Iterable<LedgerEvent> journal) {
    Reader reader = new Reader();
    journal.forEach(reader::read);
    return reader.plan();
  }

  /** Parts without the steps after one; parts that have none left are gone, but not the first. */
  private static List<Part> cut(List<Part> parts, long last) {
    List<Part> kept = new ArrayList<>();
    for (Part part : parts) {
      List<Step> steps = part.steps().stream().filter(step -> step.step() <= last).toList();
      if (kept.isEmpty() || !steps.isEmpty()) {
        kept.add(new Part(part.start(), part.digest(), steps));
      }
    }
    return kept;
  }

  /** Goes through a journal once, event by event; memory grows with the steps alone. */
  public static final class Reader {
    private final Map<PolicyVersion, String> digests = new HashMap<>();
    private List<Part> parts = new ArrayList<>();
    private @Nullable BatchTaken taken;

    /**
     * The next event of the journal.
     *
     * @throws IllegalArgumentException if it cannot follow those before it
     */
    public void read(LedgerEvent event) {
      switch (event) {
        case RunStarted started -> begin(started.version());
        case RunResumed(long step, PolicyVersion version, FlowLimits _) -> goOn(step, version);
        case VersionPublished(PolicyVersion version, String digest) -> digests.put(version, digest);
        case BatchTaken batch -> taken = batch;
        case StepTrained(long step, PolicyVersion version) -> add(step, version);
        case LedgerEvent.GroupStarted _,
            LedgerEvent.GroupDispatched _,
            LedgerEvent.CopyLost _,
            LedgerEvent.GroupCut _,
            LedgerEvent.GroupGenerated _,
            LedgerEvent.GroupReady _,
            LedgerEvent.GroupDropped _,
            LedgerEvent.PromptSetAside _,
            LedgerEvent.CheckpointWritten _,
            LedgerEvent.SettingChanged _,
            LedgerEvent.RunEnded _ -> {}
      }
    }

    private void begin(PolicyVersion version) {
      require(parts.isEmpty(), "a run began twice in one journal");
      parts.add(new Part(version, Optional.empty(), List.of()));
    }

    private void goOn(long step, PolicyVersion version) {
      require(
          !parts.isEmpty() && step <= last(),
          "the run went on after step " + step + ", but the journal has no such step");
      List<Part> kept = new ArrayList<>(cut(parts, step));
      if (kept.getLast().steps().isEmpty()) {
        kept.removeLast(); // nothing of it survived, and it ended as it began
      }
      kept.add(new Part(version, Optional.empty(), List.of()));
      parts = kept;
      taken = null;
    }

    private void add(long step, PolicyVersion version) {
      BatchTaken batch = taken;
      require(
          batch != null && batch.step() == step && step == last() + 1,
          "step " + step + " was trained after step " + last() + " without its batch");
      if (batch != null) {
        Part open = parts.removeLast();
        List<Step> steps = new ArrayList<>(open.steps());
        steps.add(new Step(step, batch.policy(), batch.groupIds(), version, Optional.empty()));
        parts.add(new Part(open.start(), Optional.empty(), steps));
      }
      taken = null;
    }

    private long last() {
      return parts.reversed().stream()
          .filter(part -> !part.steps().isEmpty())
          .findFirst()
          .map(part -> part.steps().getLast().step())
          .orElse(0L);
    }

    /**
     * The plan of what was read.
     *
     * @throws IllegalArgumentException if nothing was
     */
    public ReplayPlan plan() {
      require(!parts.isEmpty(), "the journal has no beginning");
      return new ReplayPlan(
          parts.stream()
              .map(
                  part ->
                      new Part(
                          part.start(),
                          digest(part.start()),
                          part.steps().stream().map(this::withDigest).toList()))
              .toList());
    }

    private Step withDigest(Step step) {
      return new Step(
          step.step(), step.policy(), step.groupIds(), step.version(), digest(step.version()));
    }

    private Optional<String> digest(PolicyVersion version) {
      return Optional.ofNullable(digests.get(version));
    }

    private static void require(boolean holds, String trouble) {
      if (!holds) {
        throw new IllegalArgumentException(trouble);
      }
    }
  }
}
