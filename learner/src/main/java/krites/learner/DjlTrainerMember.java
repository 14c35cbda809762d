package krites.learner;

import krites.grpo.port.TrainerMember;

/**
 * A member of a {@link Team} that does not lead: the same trainer, which does what the leading
 * member says.
 */
public final class DjlTrainerMember implements TrainerMember {
  private final DjlPolicyTrainer trainer;
  private final DjlPolicyTrainer.Following state = new DjlPolicyTrainer.Following();

  /**
   * @param trainer made with the team that it is a member of, from the same weights as the leading
   *     one; taken over
   */
  public DjlTrainerMember(DjlPolicyTrainer trainer) {
    this.trainer = trainer;
  }

  @Override
  public void advance() {
    trainer.follow(state);
  }

  @Override
  public void close() {
    trainer.close();
  }
}
