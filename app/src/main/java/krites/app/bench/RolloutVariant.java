package krites.app.bench;

import java.util.List;
import krites.grpo.Prompt;
import krites.model.qwen25vl.Precision;

/** One way to read prompts and decode behind them. Driven by the thread that opened it. */
interface RolloutVariant extends AutoCloseable {
  String name();

  /** In which weights, activations and caches are. */
  Precision precision();

  /**
   * What decoding took, reading the prompts left out.
   *
   * @param tokens of all responses
   */
  record Decoded(double seconds, long tokens) {}

  /** Samples one response of {@code newTokens} tokens to each prompt. */
  Decoded decode(List<Prompt> prompts, int newTokens);

  /** Seconds that reading the prompts takes. */
  double prefill(List<Prompt> prompts);

  @Override
  void close();
}
