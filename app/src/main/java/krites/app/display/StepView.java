package krites.app.display;

/**
 * What the terminal shows of one learner step.
 *
 * @param step number of the step, from 1
 * @param reward mean reward of the batch
 * @param age mean staleness of the batch, in versions
 * @param tokensPerSecond sampled tokens per second since the last step
 */
public record StepView(long step, double reward, double age, double tokensPerSecond) {}
