package krites.simulator;

import java.util.List;
import java.util.Map;
import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.grpo.port.PromptSource;

/** Prompts of which only the number matters. */
record ModelledPrompts(String name, long size, Task task) implements PromptSource {
  @Override
  public Prompt prompt(long index) {
    return new Prompt(name + "-" + index, task, "", List.of(), "1", Map.of());
  }
}
