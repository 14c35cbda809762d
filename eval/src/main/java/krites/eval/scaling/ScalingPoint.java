package krites.eval.scaling;

import krites.eval.Measure;

/**
 * What a way of choosing gets out of n answers, and what it costs; costs are means over questions.
 *
 * @param method for example {@code majority} or {@code self/random}
 * @param n answers that are chosen from
 * @param accuracy of what is chosen
 * @param comparisons pairs compared
 * @param judgeCalls judgements made of them; equal texts are compared without one, and a judgement
 *     is made once however often its two texts meet
 * @param tokens of answers and judgements
 * @param seconds of the device, at the pace at which this evaluation answered
 */
public record ScalingPoint(
    String method,
    int n,
    Measure accuracy,
    double comparisons,
    double judgeCalls,
    double tokens,
    double seconds) {}
