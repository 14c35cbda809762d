package krites.data.shapes;

import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.grpo.port.PromptSource;

/**
 * The prompts of one task over the first {@code size} items of a split.
 *
 * @param prompts how prompts are made
 * @param split part of the world
 * @param task what is asked for
 * @param size number of prompts, at least 1; the constructor also refuses a split that cannot ask
 *     every enabled kind
 */
public record ShapesDataset(ShapesPrompts prompts, Split split, Task task, long size)
    implements PromptSource {
  public ShapesDataset {
    if (size < 1) {
      throw new IllegalArgumentException("a dataset of size " + size + ", expected at least 1");
    }
    prompts.world().requireQuestions(split);
  }

  @Override
  public Prompt prompt(long index) {
    if (index < 0 || index >= size) {
      throw new IllegalArgumentException("prompt " + index + " of " + size);
    }
    return prompts.prompt(task, split, index);
  }
}
