package krites.simulator;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import krites.grpo.Group;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TokenBudget;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.WeightUpdate;
import krites.grpo.port.PolicyTrainer;
import org.jspecify.annotations.Nullable;

/**
 * A trainer whose weights are the list of what they were trained on: each piece takes the time of
 * its tokens, and nothing may go into the same weights twice.
 */
final class ModelledTrainer implements PolicyTrainer {
  /** What is left of a trainer in a checkpoint. */
  record Saved(PolicyVersion version, Set<Long> trained) {
    static final Saved NOTHING = new Saved(new PolicyVersion(0, 0), Set.of());

    Saved {
      trained = Set.copyOf(trained);
    }

    /** The same weights under another learner. */
    Saved under(long term) {
      return new Saved(new PolicyVersion(term, version.number()), trained);
    }
  }

  private final Machine machine;
  private final DeviceModel.Learner model;
  private final int microBatchTokens;
  private final ModelledWeights weights;
  private final Referee referee;
  private final TreeSet<Long> trained;
  private PolicyVersion version;
  private @Nullable TrainingBatch batch;
  private List<Integer> pieces = List.of();
  private int fedTokens;

  /**
   * @param microBatchTokens a piece holds no more than this, padding counted, but at least one
   *     group
   */
  ModelledTrainer(
      Machine machine,
      DeviceModel.Learner model,
      int microBatchTokens,
      ModelledWeights weights,
      Referee referee,
      Saved from) {
    this.machine = machine;
    this.model = model;
    this.microBatchTokens = microBatchTokens;
    this.weights = weights;
    this.referee = referee;
    this.trained = new TreeSet<>(from.trained());
    this.version = from.version();
    machine.workingNode().restartedAt(machine.loop().nanos());
    machine.work(model.loadSeconds());
  }

  /** What a checkpoint keeps of it; a step under way is not in it. */
  Saved saved() {
    return new Saved(version, trained);
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  @Override
  public void begin(TrainingBatch next) {
    if (batch != null) {
      throw new IllegalStateException("step " + batch.step() + " is still under way");
    }
    if (!next.policy().equals(version)) {
      throw new IllegalArgumentException(
          "the batch of step "
              + next.step()
              + " is for "
              + next.policy()
              + ", the trainer has "
              + version);
    }
    batch = next;
    pieces = pieces(next);
    fedTokens = pieces.stream().mapToInt(Integer::intValue).sum();
  }

  /** Tokens of each micro-batch, cut as the real trainer cuts where responses share nothing. */
  private List<Integer> pieces(TrainingBatch next) {
    return TokenBudget.cut(next.groups(), group -> tokens(group.group()), microBatchTokens).stream()
        .map(lot -> lot.stream().mapToInt(group -> tokens(group.group())).sum())
        .toList();
  }

  /** A group is one row: its prompt once, then all of its responses. */
  private static int tokens(Group group) {
    return group.encoded().ids().length() + group.responseTokens();
  }

  @Override
  public Optional<StepReport> advance() {
    TrainingBatch current = batch;
    if (current == null) {
      throw new IllegalStateException("no step is under way");
    }
    machine.work(pieces.getFirst() / model.tokensPerSecond());
    pieces = pieces.subList(1, pieces.size());
    if (!pieces.isEmpty()) {
      return Optional.empty();
    }
    machine.work(model.optimizerSeconds());
    for (TrainingGroup group : current.groups()) {
      if (!trained.add(group.group().id())) {
        referee.broken(
            Promise.TRAINED_ONCE,
            machine.loop().seconds(),
            "group " + group.group().id() + " went into the same weights twice");
      }
    }
    version = version.next();
    batch = null;
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("learner/tokens", (double) fedTokens);
    metrics.put("learner/policy_seconds", fedTokens / model.tokensPerSecond());
    metrics.put("learner/optimizer_seconds", model.optimizerSeconds());
    return Optional.of(new StepReport(current.step(), version, false, metrics));
  }

  @Override
  public WeightUpdate publish() {
    machine.work(model.publishSeconds());
    return weights.write(version);
  }

  @Override
  public void save(Path directory) {
    throw new UnsupportedOperationException("the modelled store keeps what it needs itself");
  }

  @Override
  public void close() {}
}
