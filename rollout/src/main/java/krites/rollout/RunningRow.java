package krites.rollout;

import java.util.Arrays;
import java.util.Optional;
import krites.grpo.FinishReason;
import krites.grpo.LogProbs;
import krites.grpo.PartialResponse;
import krites.grpo.PolicyVersion;
import krites.grpo.Response;
import krites.grpo.Sampling;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.model.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * One response while it is decoded: its tokens so far and its stream of random numbers.
 *
 * <p>It may have begun in an earlier sitting; then it goes on behind the tokens of that one. It is
 * open until it is finished, its sitting's budget is used up, or it is closed.
 */
final class RunningRow implements Sequence {
  private final PromptTokens prompt;
  private final Sampling sampling;
  private final long seed;
  private final int begun;
  private final int maxTokens;
  private final int sittingEnd;
  private final @Nullable StopText stopText;
  private int[] ids;
  private float[] logProbs;
  private int length;
  private TokenVersions versions;
  private boolean closed;
  private @Nullable Segment shared;
  private @Nullable FinishReason finish;

  /**
   * A response of a group.
   *
   * @param index of the response in its group
   * @param start where to go on
   * @param budget tokens of this sitting; 0 has no limit
   * @param tokenizer finds stop strings
   */
  RunningRow(
      PromptTokens prompt,
      Sampling sampling,
      long groupSeed,
      int index,
      Optional<PartialResponse> start,
      int budget,
      Tokenizer tokenizer) {
    this.prompt = prompt;
    this.sampling = sampling;
    this.seed = mix(groupSeed + 0x9E3779B97F4A7C15L * (index + 1L));
    this.ids = start.map(partial -> partial.ids().toArray()).orElseGet(() -> new int[0]);
    this.logProbs =
        start.map(partial -> partial.behaviourLogProbs().toArray()).orElseGet(() -> new float[0]);
    this.versions = start.map(PartialResponse::versions).orElse(TokenVersions.NONE);
    this.length = ids.length;
    this.begun = length;
    this.maxTokens = sampling.maxNewTokens();
    this.sittingEnd = budget == 0 ? maxTokens : Math.min(maxTokens, length + budget);
    this.finish =
        start
            .flatMap(PartialResponse::finish)
            .orElse(length >= maxTokens ? FinishReason.LENGTH : null);
    this.stopText =
        sampling.stopStrings().isEmpty() ? null : new StopText(sampling.stopStrings(), tokenizer);
    for (int i = 0; stopText != null && i < length; i++) {
      stopText.completes(ids[i]);
    }
  }

  @Override
  public PromptTokens prompt() {
    return prompt;
  }

  @Override
  public @Nullable Segment shared() {
    return shared;
  }

  /** Decides where the prompt's keys and values lie; only while it is not in a batch. */
  void share(@Nullable Segment segment) {
    shared = segment;
  }

  @Override
  public Sampling sampling() {
    return sampling;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public int token(int index) {
    return ids[index];
  }

  @Override
  public int end() {
    return sittingEnd;
  }

  /** Tokens sampled in this sitting. */
  int freshTokens() {
    return length - begun;
  }

  private int[] tokens() {
    return Arrays.copyOf(ids, length);
  }

  boolean finished() {
    return finish != null;
  }

  boolean open() {
    return remaining() > 0;
  }

  /** Tokens that this sitting may still add. */
  int remaining() {
    return closed || finish != null ? 0 : sittingEnd - length;
  }

  void close() {
    closed = true;
  }

  /**
   * The numbers in [0, 1) that decide the next tokens; each depends on the seed and the token's
   * place alone, so a response is the same in any batch, any chunk size and any number of sittings.
   */
  @Override
  public void fillUniforms(double[] target, int offset, int count) {
    for (int i = 0; i < count; i++) {
      target[offset + i] = (mix(seed ^ mix(length + i + 1L)) >>> 11) * 0x1.0p-53;
    }
  }

  /** Takes its row of a chunk; returns how many tokens were its own. */
  int take(
      DecodeBatch.Chunk chunk, int row, DecodeBatch.Vocabulary vocabulary, PolicyVersion version) {
    int taken = 0;
    for (int i = 0; i < chunk.length() && open(); i++) {
      int at = row * chunk.length() + i;
      append((int) chunk.tokens()[at], chunk.logProbs()[at]);
      taken++;
      int id = ids[length - 1];
      if (vocabulary.stops(id) || (stopText != null && stopText.completes(id))) {
        finish = FinishReason.STOP;
      } else if (length == maxTokens) {
        finish = FinishReason.LENGTH;
      }
    }
    if (taken > 0) {
      versions = versions.concat(TokenVersions.of(version, taken));
    }
    return taken;
  }

  private void append(int id, float logProb) {
    if (length == ids.length) {
      int room = Math.max(32, 2 * length);
      ids = Arrays.copyOf(ids, room);
      logProbs = Arrays.copyOf(logProbs, room);
    }
    ids[length] = id;
    logProbs[length++] = logProb;
  }

  PartialResponse partial() {
    return new PartialResponse(
        TokenIds.of(tokens()), logProbs(), versions, Optional.ofNullable(finish));
  }

  Response response(Tokenizer tokenizer) {
    return new Response(
        TokenIds.of(tokens()),
        logProbs(),
        Optional.ofNullable(finish)
            .orElseThrow(() -> new IllegalStateException("a response is not complete")),
        tokenizer.decode(tokens(), true),
        versions);
  }

  private LogProbs logProbs() {
    return LogProbs.of(Arrays.copyOf(logProbs, length));
  }

  /** The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
  private static long mix(long z) {
    long x = z;
    x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }
}
