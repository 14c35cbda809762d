package krites.eval.select;

import java.util.Optional;

/**
 * What a step was measured to be.
 *
 * @param step of the run
 * @param critic accuracy on held-out pairs, where it was measured
 * @param policy accuracy on held-out questions, where it was measured
 * @param kept whether the checkpoint of the step is still there
 */
public record CurvePoint(long step, Optional<Share> critic, Optional<Share> policy, boolean kept) {}
