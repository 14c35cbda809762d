package krites.data;

import krites.grpo.Prompt;
import krites.grpo.flow.PromptMix;
import krites.grpo.port.PromptSource;

/**
 * Two sources as one training set: those of the first, then those of the second, issued by a ratio
 * ({@link PromptMix}).
 *
 * @param first usually pairs to judge
 * @param second usually questions to answer
 * @param share of the second in what is issued, above 0 and below 1
 */
public record MixedPrompts(PromptSource first, PromptSource second, double share)
    implements PromptSource {
  @Override
  public long size() {
    return first.size() + second.size();
  }

  @Override
  public Prompt prompt(long index) {
    return index < first.size() ? first.prompt(index) : second.prompt(index - first.size());
  }

  @Override
  public PromptMix mix() {
    return PromptMix.of(second.size(), share);
  }
}
