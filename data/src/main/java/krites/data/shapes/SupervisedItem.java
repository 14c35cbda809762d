package krites.data.shapes;

import krites.grpo.Prompt;

/**
 * One example to imitate.
 *
 * @param prompt what is asked
 * @param response the text to learn, without the end-of-turn token
 */
public record SupervisedItem(Prompt prompt, String response) {}
