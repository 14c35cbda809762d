package krites.actors;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.WeightUpdate;
import krites.grpo.port.PolicyTrainer;
import org.jspecify.annotations.Nullable;

/** A trainer whose weights are a checksum of all that was trained into them, in order. */
final class FakeTrainer implements PolicyTrainer {
  private static final int PIECES = 3;

  private final World world;
  private final LongConsumer beforeEachPiece;
  private PolicyVersion version;
  private long weights;
  private final List<Long> groups = new ArrayList<>(); // that are in the weights
  private @Nullable TrainingBatch batch;
  private int pieces;

  FakeTrainer(World world, PolicyVersion version, long weights, LongConsumer beforeEachPiece) {
    this(world, version, weights, List.of(), beforeEachPiece);
  }

  FakeTrainer(
      World world,
      PolicyVersion version,
      long weights,
      List<Long> groups,
      LongConsumer beforeEachPiece) {
    this.world = world;
    this.version = version;
    this.weights = weights;
    this.groups.addAll(groups);
    this.beforeEachPiece = beforeEachPiece;
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  long weights() {
    return weights;
  }

  List<Long> groups() {
    return List.copyOf(groups);
  }

  @Override
  public void begin(TrainingBatch next) {
    if (batch != null || !next.policy().equals(version)) {
      throw new IllegalStateException("batch of " + next.policy() + " for " + version);
    }
    batch = next;
    pieces = 0;
    world.batches.add(next);
  }

  @Override
  public Optional<StepReport> advance() {
    TrainingBatch current = batch;
    if (current == null) {
      throw new IllegalStateException("no step is under way");
    }
    beforeEachPiece.accept(current.step());
    if (++pieces < PIECES) {
      return Optional.empty();
    }
    for (TrainingGroup group : current.groups()) {
      List<?> content =
          List.of(
              group.group().prompt().id(),
              group.group().responses().stream().map(response -> response.ids()).toList(),
              group.advantages());
      weights = weights * 1_000_003 + content.hashCode();
      groups.add(group.group().id());
    }
    version = version.next();
    batch = null;
    return Optional.of(new StepReport(current.step(), version, false, Map.of("loss/policy", 0.5)));
  }

  @Override
  public WeightUpdate publish() {
    world.beforePublish.accept(version.number());
    WeightUpdate update = world.publish(version, weights);
    world.afterPublish.accept(version.number());
    return update;
  }

  @Override
  public void save(Path directory) {
    throw new UnsupportedOperationException("the fake store reads the weights itself");
  }

  @Override
  public void close() {
    world.closed.add("trainer");
  }
}
