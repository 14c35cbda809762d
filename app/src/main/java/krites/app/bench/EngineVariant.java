package krites.app.bench;

import ai.djl.Device;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import krites.grpo.Group;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutOutcome;
import krites.model.qwen25vl.Precision;
import krites.model.weights.WeightStore;
import krites.rollout.DjlRolloutEngine;

/** The rollout engine, driven through its port as a worker drives it. */
final class EngineVariant implements RolloutVariant {
  private final DjlRolloutEngine engine;
  private final Precision precision;
  private long nextId = 1;

  /**
   * How the engine is set up.
   *
   * @param prefillTokens prompt tokens read at once; where decoding is measured, all prompts, so
   *     that the batch is whole from its first token
   */
  record Setup(
      int sequences,
      int chunkTokens,
      int prefillTokens,
      int threads,
      Precision precision,
      Device device) {
    DjlRolloutEngine.Settings settings() {
      return new DjlRolloutEngine.Settings(
          sequences, 1, chunkTokens, prefillTokens, 0, threads, precision, device);
    }
  }

  EngineVariant(BenchModel model, Setup setup, BenchPrompts prompts) {
    this.precision = setup.precision();
    this.engine = new DjlRolloutEngine(model.folder(), setup.settings(), prompts.encoder());
  }

  /** One that takes over weights from a store. */
  EngineVariant(BenchModel model, Setup setup, BenchPrompts prompts, WeightStore store) {
    this.precision = setup.precision();
    this.engine =
        new DjlRolloutEngine(
            model.folder(), new PolicyVersion(0, 0), setup.settings(), prompts.encoder(), store);
  }

  static String name(Precision precision) {
    return "engine " + precision.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String name() {
    return name(precision);
  }

  @Override
  public Precision precision() {
    return precision;
  }

  DjlRolloutEngine engine() {
    return engine;
  }

  /** A request under a number of its own; the seed is the caller's. */
  GroupRequest request(Prompt prompt, Sampling sampling, long seed) {
    return GroupRequest.whole(nextId++, prompt, sampling, seed);
  }

  /** Free sampling of responses of one length. */
  static Sampling sampling(int groupSize, int newTokens) {
    return new Sampling(groupSize, 1f, 1f, 0, 1f, newTokens);
  }

  /**
   * Runs requests of one group size, as many at once as the engine takes; in order of their end.
   */
  List<Group> run(List<GroupRequest> requests) {
    return run(requests, Integer.MAX_VALUE);
  }

  /** As above, with no more than so many groups at once. */
  List<Group> run(List<GroupRequest> requests, int atOnce) {
    Deque<GroupRequest> waiting = new ArrayDeque<>(requests);
    List<Group> groups = new ArrayList<>();
    while (groups.size() < requests.size()) {
      while (!waiting.isEmpty()
          && engine.active()
              < Math.min(atOnce, engine.capacity(waiting.getFirst().sampling().groupSize()))) {
        engine.start(waiting.removeFirst());
      }
      for (RolloutOutcome outcome : engine.step()) {
        groups.add(group(outcome));
      }
    }
    return groups;
  }

  private static Group group(RolloutOutcome outcome) {
    return switch (outcome) {
      case RolloutOutcome.Finished(Group group) -> group;
      case RolloutOutcome.Cut(var partial) ->
          throw new IllegalStateException("group " + partial.id() + " was cut unasked");
      case RolloutOutcome.Failed(long id, String reason) ->
          throw new IllegalStateException("group " + id + " failed: " + reason);
    };
  }

  double counter(String name) {
    return engine.counters().getOrDefault(name, 0.0);
  }

  @Override
  public Decoded decode(List<Prompt> prompts, int newTokens) {
    double before = counter("decode_seconds");
    Sampling sampling = sampling(1, newTokens);
    List<GroupRequest> requests = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      requests.add(request(prompts.get(i), sampling, i));
    }
    long tokens = run(requests).stream().mapToLong(Group::responseTokens).sum();
    return new Decoded(counter("decode_seconds") - before, tokens);
  }

  @Override
  public double prefill(List<Prompt> prompts) {
    double before = counter("prefill_seconds");
    Sampling sampling = sampling(1, 1);
    run(prompts.stream().map(prompt -> request(prompt, sampling, 1)).toList());
    return counter("prefill_seconds") - before;
  }

  @Override
  public void close() {
    engine.close();
  }
}
