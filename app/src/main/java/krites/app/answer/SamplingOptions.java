package krites.app.answer;

import java.util.OptionalDouble;
import krites.app.InputError;
import krites.grpo.Sampling;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How responses are drawn; the number of them is the verb's own option. */
public final class SamplingOptions {
  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Divides the logits; 0 takes the likeliest token each time..")
  private @Nullable Float temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Keeps the smallest set of tokens with this probability. Default: 1, all.")
  private float topP = 1;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Keeps the K likeliest tokens. Default: 0, all.")
  private int topK;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "A response is cut here. Default: 2048, as the published critic was trained.")
  private int maxNewTokens = 2048;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Decides every draw: the same seed, the same responses. Default: 1.")
  private long seed = 1;

  long seed() {
    return seed;
  }

  /** What the user asked for, if anything. */
  OptionalDouble temperature() {
    return temperature == null ? OptionalDouble.empty() : OptionalDouble.of(temperature);
  }

  /**
   * The sampling of {@code n} responses.
   *
   * @param otherwise the temperature where the user named none
   * @throws InputError if the numbers make no sense, alone or together
   */
  Sampling of(int n, double otherwise) {
    if (n < 1) {
      throw new InputError("--n " + n + ": expected at least 1");
    }
    float chosen = (float) temperature().orElse(otherwise);
    if (n > 1 && chosen == 0) {
      throw new InputError(
          "--temperature 0 gives the same response "
              + n
              + " times; name a temperature above 0, or leave --n at 1");
    }
    try {
      return new Sampling(n, chosen, topP, topK, 1f, maxNewTokens);
    } catch (IllegalArgumentException e) {
      throw new InputError(String.valueOf(e.getMessage()), e);
    }
  }
}
