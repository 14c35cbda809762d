package krites.app.config;

import static krites.app.config.InvalidSetting.above;
import static krites.app.config.InvalidSetting.atLeast;
import static krites.app.config.InvalidSetting.fraction;
import static krites.app.config.InvalidSetting.fractionBelowOne;
import static krites.app.config.InvalidSetting.require;

import java.util.List;
import krites.data.SupervisedSettings;

/**
 * Section {@code sft} of {@code krites.conf}: the supervised stage that makes a base model from
 * nothing.
 */
public record SftConfig(
    String from,
    Rows rows,
    int steps,
    int batchItems,
    double lr,
    int warmupSteps,
    double holdShare,
    double beta1,
    double beta2,
    double weightDecay,
    double maxGradNorm,
    int microBatchTokens,
    int threads,
    int trainItems,
    WeightType dtype,
    Mixture mixture,
    Habits habits,
    Network network) {

  /** Values of {@code sft.dtype}. */
  public enum WeightType {
    F32,
    BF16,
    F16
  }

  /** Values of {@code sft.answer-layout}. */
  public enum AnswerLayout {
    BOXED,
    PLAIN
  }

  /** Where examples come from that are not the built-in world's; no data is the world. */
  public record Rows(String data, SupervisedSettings.Target target, AnswerLayout answerLayout) {
    /** What is imitated of rows without a response. */
    public SupervisedSettings settings() {
      return new SupervisedSettings(target, answerLayout == AnswerLayout.BOXED);
    }
  }

  public SftConfig {
    atLeast("sft.steps", 1, steps);
    atLeast("sft.batch-items", 1, batchItems);
    atLeast("sft.lr", 0.0, lr);
    atLeast("sft.warmup-steps", 0, warmupSteps);
    require(warmupSteps < steps, "sft.warmup-steps", "less than sft.steps = " + steps, warmupSteps);
    fraction("sft.hold-share", holdShare);
    fractionBelowOne("sft.betas", beta1);
    fractionBelowOne("sft.betas", beta2);
    atLeast("sft.weight-decay", 0.0, weightDecay);
    above("sft.max-grad-norm", 0, maxGradNorm);
    atLeast("sft.micro-batch-tokens", 1, microBatchTokens);
    atLeast("sft.threads", 1, threads);
    atLeast("sft.train-items", 1, trainItems);
  }

  /** Section {@code sft.mixture}. */
  public record Mixture(double caption, double policy, double critic) {
    public Mixture {
      atLeast("sft.mixture.caption", 0.0, caption);
      atLeast("sft.mixture.policy", 0.0, policy);
      atLeast("sft.mixture.critic", 0.0, critic);
      require(
          caption + policy + critic > 0,
          "sft.mixture.critic",
          "one weight of the mixture above 0",
          critic);
    }
  }

  /** Section {@code sft.habits}. */
  public record Habits(
      double confusion,
      double uniformNoise,
      double positionHabit,
      double preamble,
      double missingTags,
      double missingBox) {
    public Habits {
      fraction("sft.habits.confusion", confusion);
      fraction("sft.habits.uniform-noise", uniformNoise);
      fraction("sft.habits.position-habit", positionHabit);
      fraction("sft.habits.preamble", preamble);
      fraction("sft.habits.missing-tags", missingTags);
      fraction("sft.habits.missing-box", missingBox);
    }
  }

  /** Section {@code sft.network}. */
  public record Network(
      int hidden,
      int layers,
      int heads,
      int kvHeads,
      int intermediate,
      double ropeTheta,
      List<Integer> ropeSections,
      int visionHidden,
      int visionDepth,
      int visionHeads,
      int visionIntermediate,
      int visionWindow,
      List<Integer> visionFullBlocks) {
    public Network {
      ropeSections = List.copyOf(ropeSections);
      visionFullBlocks = List.copyOf(visionFullBlocks);
      atLeast("sft.network.layers", 1, layers);
      atLeast("sft.network.heads", 1, heads);
      atLeast("sft.network.kv-heads", 1, kvHeads);
      require(
          heads % kvHeads == 0,
          "sft.network.kv-heads",
          "a divisor of sft.network.heads = " + heads,
          kvHeads);
      atLeast("sft.network.hidden", 1, hidden);
      require(
          hidden % heads == 0,
          "sft.network.hidden",
          "a multiple of sft.network.heads = " + heads,
          hidden);
      atLeast("sft.network.intermediate", 1, intermediate);
      above("sft.network.rope-theta", 0, ropeTheta);
      require(
          ropeSections.size() == 3
              && 2 * ropeSections.stream().mapToInt(Integer::intValue).sum() == hidden / heads,
          "sft.network.rope-sections",
          "three whole numbers with the sum " + hidden / heads / 2.0 + ", half a head",
          ropeSections);
      atLeast("sft.network.vision-depth", 1, visionDepth);
      atLeast("sft.network.vision-heads", 1, visionHeads);
      atLeast("sft.network.vision-hidden", 1, visionHidden);
      require(
          visionHidden % (4 * visionHeads) == 0,
          "sft.network.vision-hidden",
          "a multiple of 4 x sft.network.vision-heads = " + 4 * visionHeads,
          visionHidden);
      atLeast("sft.network.vision-intermediate", 1, visionIntermediate);
      atLeast("sft.network.vision-window", 28, visionWindow);
      require(
          visionFullBlocks.stream().allMatch(block -> block >= 0 && block < visionDepth),
          "sft.network.vision-full-blocks",
          "numbers below sft.network.vision-depth = " + visionDepth,
          visionFullBlocks);
    }
  }
}
