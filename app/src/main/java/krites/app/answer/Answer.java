package krites.app.answer;

import krites.grpo.FinishReason;
import krites.grpo.PartialResponse;

/**
 * One finished response of the model.
 *
 * @param text decoded, without special tokens
 * @param tokens sampled, a stop token included
 * @param finish why it ended
 * @param logProbSum sum of the log-probabilities of its tokens under softmax(logits / temperature)
 *     over the whole vocabulary; greedy, under softmax(logits)
 * @param seconds from the start of the reading of its prompt to its end; responses of a batch share
 *     that start
 */
public record Answer(
    String text, int tokens, FinishReason finish, double logProbSum, double seconds) {

  static Answer of(PartialResponse response, String text, double seconds) {
    double sum = 0;
    for (int i = 0; i < response.ids().length(); i++) {
      sum += response.behaviourLogProbs().at(i);
    }
    return new Answer(text, response.ids().length(), response.finish().orElseThrow(), sum, seconds);
  }

  public Layout layout() {
    return Layout.of(text);
  }
}
