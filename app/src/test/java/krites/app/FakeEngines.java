package krites.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.LogProbs;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.Response;
import krites.grpo.StepReport;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;
import krites.grpo.port.WeightVerifier;

/**
 * A policy that always boxes 1 and a trainer that only counts; {@code stepMillis} is how long it
 * takes for a step, and {@code failures} how often it cannot publish what it has made of one.
 */
final class FakeEngines implements Engines {
  private final long stepMillis;
  private final AtomicInteger failures;

  /** What was asked for that concerns the whole run, in order. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  FakeEngines(long stepMillis) {
    this(stepMillis, 0);
  }

  FakeEngines(long stepMillis, int failures) {
    this.stepMillis = stepMillis;
    this.failures = new AtomicInteger(failures);
  }

  @Override
  public void forgetPublished() {
    asked.add("forget");
  }

  @Override
  public long diskBytes() {
    asked.add("room");
    return 1;
  }

  @Override
  public RolloutEngine evaluator(int index) {
    return rollout(index);
  }

  @Override
  public RolloutEngine rollout(int worker) {
    return new Engine();
  }

  @Override
  public PolicyTrainer trainer(Optional<Path> saved, PolicyVersion version) {
    asked.add("trainer");
    return new Trainer(version);
  }

  @Override
  public WeightVerifier weights() {
    return new WeightVerifier() {
      @Override
      public void verify(WeightUpdate update) {}

      @Override
      public void retire(WeightUpdate update) {}
    };
  }

  @Override
  public void close() {}

  private static final class Engine implements RolloutEngine {
    private final Deque<GroupRequest> waiting = new ArrayDeque<>();
    private PolicyVersion version = new PolicyVersion(0, 0);

    @Override
    public int capacity() {
      return 8;
    }

    @Override
    public int active() {
      return waiting.size();
    }

    @Override
    public void start(GroupRequest request) {
      waiting.add(request);
    }

    @Override
    public List<RolloutOutcome> step() {
      GroupRequest request = waiting.remove();
      List<Response> responses = new ArrayList<>();
      for (int i = 0; i < request.sampling().groupSize(); i++) {
        responses.add(
            new Response(
                TokenIds.of(1, 2),
                LogProbs.of(-1f, -1f),
                FinishReason.STOP,
                "<think>a</think>\\boxed{1}",
                TokenVersions.of(version, 2)));
      }
      return List.of(
          new RolloutOutcome.Finished(
              new Group(
                  request.groupId(),
                  request.prompt(),
                  new EncodedPrompt(TokenIds.of(1), List.of()),
                  responses)));
    }

    @Override
    public void cancel(long groupId) {
      waiting.removeIf(request -> request.groupId() == groupId);
    }

    @Override
    public Optional<PartialGroup> cut(long groupId) {
      cancel(groupId);
      return Optional.empty();
    }

    @Override
    public void update(WeightUpdate update) {
      version = update.version();
    }

    @Override
    public PolicyVersion version() {
      return version;
    }

    @Override
    public Map<String, Double> counters() {
      return Map.of();
    }

    @Override
    public void close() {}
  }

  private final class Trainer implements PolicyTrainer {
    private PolicyVersion version;
    private Optional<TrainingBatch> batch = Optional.empty();

    Trainer(PolicyVersion version) {
      this.version = version;
    }

    @Override
    public PolicyVersion version() {
      return version;
    }

    @Override
    public void begin(TrainingBatch next) {
      batch = Optional.of(next);
    }

    @Override
    public Optional<StepReport> advance() {
      try {
        Thread.sleep(stepMillis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      version = version.next();
      return Optional.of(new StepReport(batch.orElseThrow().step(), version, false, Map.of()));
    }

    @Override
    public WeightUpdate publish() {
      if (version.number() > 0 && failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        throw new UncheckedIOException(new IOException("No space left on device"));
      }
      return new WeightUpdate(version, version.toString(), "");
    }

    @Override
    public void save(Path directory) {
      try {
        Files.writeString(directory.resolve("weights.txt"), version.toString());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {}
  }
}
