package krites.grpo.record;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import krites.grpo.FinishReason;
import krites.grpo.PolicyVersion;
import krites.grpo.Task;

/**
 * One response that was trained on, for a person to read.
 *
 * @param step the step that trained it
 * @param groupId its group
 * @param promptId its prompt
 * @param task what the prompt asks for
 * @param prompt the text of the prompt
 * @param answer the ground truth
 * @param response the text of the response
 * @param tokens length of the response
 * @param finish why it ended
 * @param version the oldest version that produced a token of it
 * @param reward the total reward
 * @param terms the parts of the reward
 * @param advantage relative to its group
 */
public record SampleRecord(
    long step,
    long groupId,
    String promptId,
    Task task,
    String prompt,
    String answer,
    String response,
    int tokens,
    FinishReason finish,
    PolicyVersion version,
    double reward,
    Map<String, Double> terms,
    double advantage) {
  public SampleRecord {
    terms = Collections.unmodifiableMap(new LinkedHashMap<>(terms));
  }
}
