package krites.rollout;

import java.util.List;
import krites.grpo.Sampling;

/**
 * How each row of a batch is sampled, as the sampler takes it.
 *
 * @param numbers (3, rows): temperature, top-p, penalty
 * @param topK (rows); more than any vocabulary where all are kept
 * @param most largest top-k of a row that has one; 0 if none has
 * @param narrowed whether a row has top-p
 * @param penalised whether a row has a penalty
 * @param someGreedy whether a row takes the likeliest token
 * @param someDrawn whether a row draws
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record Knobs(
    float[] numbers,
    long[] topK,
    int most,
    boolean narrowed,
    boolean penalised,
    boolean someGreedy,
    boolean someDrawn) {

  /**
   * Of sequences in the order of their rows.
   *
   * @param vocabulary from which on a top-k keeps all
   */
  static Knobs of(List<Sequence> rows, int vocabulary) {
    int count = rows.size();
    float[] numbers = new float[3 * count];
    long[] topK = new long[count];
    int most = 0;
    boolean narrowed = false;
    boolean penalised = false;
    boolean someGreedy = false;
    boolean someDrawn = false;
    for (int r = 0; r < count; r++) {
      Sampling sampling = rows.get(r).sampling();
      boolean greedy = sampling.temperature() == 0; // the likeliest token survives top-k and top-p
      boolean keepsAll = greedy || sampling.topK() == 0 || sampling.topK() >= vocabulary;
      numbers[r] = sampling.temperature();
      numbers[count + r] = greedy ? 1f : sampling.topP();
      numbers[2 * count + r] = sampling.repetitionPenalty();
      topK[r] = keepsAll ? Integer.MAX_VALUE : sampling.topK();
      most = keepsAll ? most : Math.max(most, sampling.topK());
      narrowed |= !greedy && sampling.topP() < 1f;
      penalised |= sampling.repetitionPenalty() != 1f;
      someGreedy |= greedy;
      someDrawn |= !greedy;
    }
    return new Knobs(numbers, topK, most, narrowed, penalised, someGreedy, someDrawn);
  }
}
