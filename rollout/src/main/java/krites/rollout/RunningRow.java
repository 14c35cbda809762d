package krites.rollout;

import java.util.Arrays;
import java.util.Optional;
import krites.grpo.FinishReason;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Response;
import krites.grpo.TokenIds;
import krites.model.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/** One response while it is decoded: its tokens so far and its stream of random numbers. */
final class RunningRow {
  private final long seed;
  private int[] ids = new int[32];
  private float[] logProbs = new float[32];
  private int length;
  private boolean abandoned;
  private @Nullable FinishReason finish;
  private @Nullable PolicyVersion first;
  private @Nullable PolicyVersion last;

  RunningRow(long groupSeed, int index) {
    this.seed = mix(groupSeed + 0x9E3779B97F4A7C15L * (index + 1L));
  }

  /** Tokens sampled so far. */
  int position() {
    return length;
  }

  boolean ended() {
    return abandoned || finish != null;
  }

  void abandon() {
    abandoned = true;
  }

  /**
   * The numbers in [0, 1) that decide the next tokens; each depends on the seed and the token's
   * place alone, so a response is the same in any batch and any chunk size.
   */
  void fillUniforms(double[] target, int offset, int count) {
    for (int i = 0; i < count; i++) {
      target[offset + i] = (mix(seed ^ mix(length + i + 1L)) >>> 11) * 0x1.0p-53;
    }
  }

  /** Takes its row of a chunk; returns how many tokens were its own. */
  int take(
      DecodeBatch.Chunk chunk,
      int row,
      DecodeBatch.Vocabulary vocabulary,
      int maxTokens,
      PolicyVersion version) {
    int taken = 0;
    for (int i = 0; i < chunk.length() && !ended(); i++) {
      int at = row * chunk.length() + i;
      append((int) chunk.tokens()[at], chunk.logProbs()[at]);
      taken++;
      int id = ids[length - 1];
      if (Arrays.stream(vocabulary.stops()).anyMatch(stop -> stop == id)) {
        finish = FinishReason.STOP;
      } else if (length == maxTokens) {
        finish = FinishReason.LENGTH;
      }
    }
    if (taken > 0) {
      first = first == null ? version : first;
      last = version;
    }
    return taken;
  }

  private void append(int id, float logProb) {
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, 2 * length);
      logProbs = Arrays.copyOf(logProbs, 2 * length);
    }
    ids[length] = id;
    logProbs[length++] = logProb;
  }

  Response response(Tokenizer tokenizer) {
    int[] own = Arrays.copyOf(ids, length);
    return new Response(
        TokenIds.of(own),
        LogProbs.of(Arrays.copyOf(logProbs, length)),
        Optional.ofNullable(finish)
            .orElseThrow(() -> new IllegalStateException("a response is not complete")),
        tokenizer.decode(own, true),
        Optional.ofNullable(first).orElseThrow(),
        Optional.ofNullable(last).orElseThrow());
  }

  /** The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
  private static long mix(long z) {
    long x = z;
    x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }
}
