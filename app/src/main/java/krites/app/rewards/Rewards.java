package krites.app.rewards;

import krites.app.config.RewardConfig;
import krites.grpo.port.ImageStore;
import krites.grpo.port.RewardFunction;
import krites.reward.CriticReward;
import krites.reward.ExternalReward;

/** The reward that a configuration describes. */
public final class Rewards {
  private Rewards() {}

  /**
   * Makes it; nothing is asked of a judge yet.
   *
   * @param images of the prompts, which a judge may be shown
   * @throws krites.app.InputError if a class, a file or a variable that is named cannot be used
   */
  public static RewardFunction of(RewardConfig config, ImageStore images) {
    return switch (config.kind()) {
      case BUILTIN -> new CriticReward(config.formatWeight());
      case CLASS ->
          new ExternalReward(
              RewardClass.load(config.className(), config.options()), config.formatWeight());
      case HTTP ->
          new ExternalReward(
              HttpJudge.of(config.http(), images, System::getenv), config.formatWeight());
    };
  }
}
