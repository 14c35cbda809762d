package krites.actors;

import krites.grpo.port.PromptSource;

/** Held-out prompts under a name: the first {@code items} of a source. */
public record EvalSet(PromptSource source, long items) {
  public EvalSet {
    if (items < 1 || items > source.size()) {
      throw new IllegalArgumentException(
          "an eval set of " + items + " items from " + source.size() + " prompts");
    }
  }
}
