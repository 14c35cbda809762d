package krites.actors;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;

/**
 * What a person is shown of an engine while its own thread drives it: the version it samples with,
 * and how many tokens of finished groups it made per second lately. Thread safe.
 */
final class EngineGauge {
  private static final long WINDOW_NANOS =
      TimeUnit.SECONDS.toNanos(10); // several groups fit in, and a person still sees a change

  private final LongSupplier nanos;
  private volatile Optional<PolicyVersion> version = Optional.empty();
  private long windowStart;
  private long windowTokens;
  private double before;

  EngineGauge() {
    this(System::nanoTime);
  }

  EngineGauge(LongSupplier nanos) {
    this.nanos = nanos;
    this.windowStart = nanos.getAsLong();
  }

  /** The same engine, looked at. */
  RolloutEngine watching(RolloutEngine engine) {
    return new Watched(engine);
  }

  Optional<PolicyVersion> version() {
    return version;
  }

  synchronized double tokensPerSecond() {
    turn();
    return before;
  }

  private synchronized void made(long tokens) {
    turn();
    windowTokens += tokens;
  }

  private void turn() {
    long elapsed = nanos.getAsLong() - windowStart;
    if (elapsed >= WINDOW_NANOS) {
      before = windowTokens / (elapsed / (double) TimeUnit.SECONDS.toNanos(1));
      windowTokens = 0;
      windowStart += elapsed;
    }
  }

  private final class Watched implements RolloutEngine {
    private final RolloutEngine engine;

    Watched(RolloutEngine engine) {
      this.engine = engine;
    }

    @Override
    public int capacity() {
      return engine.capacity();
    }

    @Override
    public int capacity(int groupSize) {
      return engine.capacity(groupSize);
    }

    @Override
    public int active() {
      return engine.active();
    }

    @Override
    public void start(GroupRequest request) {
      engine.start(request);
    }

    @Override
    public List<RolloutOutcome> step() {
      List<RolloutOutcome> outcomes = engine.step();
      for (RolloutOutcome outcome : outcomes) {
        if (outcome instanceof RolloutOutcome.Finished(var group)) {
          made(group.responses().stream().mapToLong(response -> response.ids().length()).sum());
        }
      }
      return outcomes;
    }

    @Override
    public void cancel(long groupId) {
      engine.cancel(groupId);
    }

    @Override
    public Optional<PartialGroup> cut(long groupId) {
      return engine.cut(groupId);
    }

    @Override
    public void update(WeightUpdate update) {
      engine.update(update);
      version = Optional.of(update.version());
    }

    @Override
    public PolicyVersion version() {
      return engine.version();
    }

    @Override
    public Map<String, Double> counters() {
      return engine.counters();
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}
