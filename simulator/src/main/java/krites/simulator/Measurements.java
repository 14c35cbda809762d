package krites.simulator;

import java.util.List;
import java.util.Optional;

/**
 * What a real run took, as far as its records say. What is unknown is empty, and the model keeps
 * its own number for it.
 *
 * @param promptTokens mean length of a prompt
 * @param responseLengths lengths of some responses; may be empty
 * @param responseTokens mean length of all trained responses
 * @param prefillTokensPerSecond prompt tokens read in a second of prefill
 * @param decodeSecondsPerToken engine time for each sampled token, all rows of a batch together
 * @param trainTokensPerSecond tokens through the learner in a second, prompts and padding counted
 * @param optimizerSeconds the update at the end of a step
 * @param publishSeconds from the end of a step's work until its weights are written
 * @param rewardSeconds time of one response's reward, without the wait for a reward worker
 * @param groupSeconds median time from the moment a group was asked for until all of it was sampled
 * @param stepsPerMinute training steps in a minute, evaluations and the first step left out
 */
public record Measurements(
    Optional<Double> promptTokens,
    List<Integer> responseLengths,
    Optional<Double> responseTokens,
    Optional<Double> prefillTokensPerSecond,
    Optional<Double> decodeSecondsPerToken,
    Optional<Double> trainTokensPerSecond,
    Optional<Double> optimizerSeconds,
    Optional<Double> publishSeconds,
    Optional<Double> rewardSeconds,
    Optional<Double> groupSeconds,
    Optional<Double> stepsPerMinute) {
  public Measurements {
    responseLengths = List.copyOf(responseLengths);
  }
}
