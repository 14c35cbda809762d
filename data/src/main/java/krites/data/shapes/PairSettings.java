package krites.data.shapes;

import java.util.Map;

/**
 * How the two responses of a critic prompt are made.
 *
 * @param temptingWrong how often a wrong colour or shape is the confusable partner of the true one,
 *     where it has one
 * @param labelNoise probability that the label names the worse response
 * @param shuffleLabels true replaces every label by a fair coin that knows nothing of the truth (a
 *     control: nothing can be learned from it)
 * @param wordWeight weight of responses of one word ({@code red})
 * @param sentenceWeight weight of responses of one sentence ({@code the circle is red.})
 * @param captionWeight weight of responses that list the objects, one altered; questions that are
 *     not about one object get a sentence instead
 */
public record PairSettings(
    double temptingWrong,
    double labelNoise,
    boolean shuffleLabels,
    double wordWeight,
    double sentenceWeight,
    double captionWeight) {

  public PairSettings {
    Weights.checkProbability("tempting-wrong", temptingWrong);
    Weights.checkProbability("label-noise", labelNoise);
    Weights.check(
        "response styles",
        Map.of("word", wordWeight, "sentence", sentenceWeight, "caption", captionWeight));
  }

  /** One-word responses, half of the wrong ones tempting, true labels. */
  public static PairSettings standard() {
    return new PairSettings(0.5, 0, false, 1, 0, 0);
  }

  /** The same pairs with labels that know nothing of the truth. */
  public PairSettings withShuffledLabels() {
    return new PairSettings(
        temptingWrong, labelNoise, true, wordWeight, sentenceWeight, captionWeight);
  }

  /** The same pairs with true labels; what an evaluation uses. */
  public PairSettings withTrueLabels() {
    return new PairSettings(temptingWrong, 0, false, wordWeight, sentenceWeight, captionWeight);
  }
}
