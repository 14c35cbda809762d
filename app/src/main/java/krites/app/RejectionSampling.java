package krites.app;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import krites.app.answer.Stopped;
import krites.app.eval.EvalFolder;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.Reward;
import krites.grpo.Sampling;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.PromptCursor;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.Seeds;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.PromptSource;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;
import org.jspecify.annotations.Nullable;

/**
 * Samples answers to training prompts and keeps some of those that the reward calls right: the data
 * of rejection fine-tuning. Prompts come in the order of a run with the same seed; what is kept of
 * one depends on its place there, the model and the settings alone.
 *
 * @param source the training prompts
 * @param reward what calls an answer right
 * @param sampling of a group of answers
 * @param rule which answers are kept
 * @param seed of the run
 */
record RejectionSampling(
    PromptSource source, RewardFunction reward, Sampling sampling, Rule rule, long seed) {
  /** Weights of two terms that are both 1 may sum to a little less than 1. */
  private static final double ROUNDING = 1e-9;

  /**
   * Which answers are kept.
   *
   * @param least total reward of an answer that counts as right
   * @param keep most answers of a prompt, at least 1
   * @param attempts tries for the rewards of a group before the work ends
   */
  record Rule(double least, int keep, int attempts) {}

  /** Who is told how far the work is, and says whether to go on. */
  interface Watch {
    boolean stopped();

    void done(long prompts);
  }

  /** The order of the prompts. */
  PromptCursor order() {
    return new PromptCursor(
        source.size(),
        Seeds.ofName(seed, "prompts"),
        CursorState.start(source.size(), source.mix()));
  }

  /**
   * Asks the prompts that have no record yet.
   *
   * @param prompts how many, from the first on
   * @throws Stopped if the watch says so
   * @throws RunFailed if a group gets no rewards; everything before it is recorded
   */
  void run(RolloutEngine engine, EvalFolder.Records records, long prompts, Watch watch) {
    PromptCursor order = order();
    Set<Long> inFlight = new HashSet<>();
    long next = 0;
    long done = 0;
    while (next < prompts || engine.active() > 0) {
      if (watch.stopped()) {
        inFlight.forEach(engine::cancel);
        throw new Stopped();
      }
      while (next < prompts && engine.active() < engine.capacity()) {
        long number = next++;
        if (records.has(Long.toString(number))) {
          done++;
          continue;
        }
        long index = order.index(new PromptTicket(number, 0));
        long draws = Seeds.ofName(seed, "reject/" + number);
        inFlight.add(number);
        engine.start(GroupRequest.whole(number, source.prompt(index), sampling, draws));
      }
      if (engine.active() == 0) {
        continue;
      }
      for (RolloutOutcome outcome : engine.step()) {
        inFlight.remove(outcome.groupId());
        records.add(record(outcome));
        watch.done(++done);
      }
    }
  }

  private Map<String, @Nullable Object> record(RolloutOutcome outcome) {
    Map<String, @Nullable Object> record = new LinkedHashMap<>();
    record.put("id", Long.toString(outcome.groupId()));
    switch (outcome) {
      case RolloutOutcome.Finished(Group group) -> judge(group, record);
      case RolloutOutcome.Failed(long _, String reason) -> record.put("failed", reason);
      case RolloutOutcome.Cut(var partial) ->
          throw new IllegalStateException("group " + partial.id() + " was cut without a budget");
    }
    return record;
  }

  private void judge(Group group, Map<String, @Nullable Object> record) {
    List<Reward> rewards = rewards(group);
    Set<String> right = new LinkedHashSet<>();
    int all = 0;
    int cut = 0;
    for (int i = 0; i < rewards.size(); i++) {
      boolean isRight = rewards.get(i).total() >= rule.least() - ROUNDING;
      all += isRight ? 1 : 0;
      cut += group.responses().get(i).finish() == FinishReason.LENGTH ? 1 : 0;
      if (isRight) {
        right.add(group.responses().get(i).text());
      }
    }
    record.put("prompt_id", group.prompt().id());
    record.put("sampled", rewards.size());
    record.put("right", all);
    record.put("cut", cut);
    record.put("distinct", right.size());
    record.put("kept", chosen(List.copyOf(right), group.id()));
  }

  private List<Reward> rewards(Group group) {
    for (int attempt = 1; ; attempt++) {
      try {
        return reward.scoreAll(group.prompt(), group.responses());
      } catch (RuntimeException e) {
        if (attempt >= rule.attempts()) {
          throw new RunFailed(
              "no reward for prompt "
                  + group.prompt().id()
                  + ": "
                  + e.getMessage()
                  + " (the same command goes on)");
        }
      }
    }
  }

  /** A seeded choice, in the order of sampling. */
  private List<String> chosen(List<String> right, long number) {
    List<String> left = new ArrayList<>(right);
    SplittableRandom draws = new SplittableRandom(Seeds.ofName(seed, "reject-keep/" + number));
    while (left.size() > rule.keep()) {
      left.remove(draws.nextInt(left.size()));
    }
    return left;
  }
}
