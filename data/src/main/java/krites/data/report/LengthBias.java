package krites.data.report;

import krites.data.format.PairText;
import krites.grpo.Label;

/**
 * How often the longer response is the better one, in Unicode code points. A critic that learns
 * nothing but length is right as often.
 */
public final class LengthBias {
  private long longer;
  private long shorter;
  private long equal;
  private long chosenLetters;
  private long rejectedLetters;

  void add(PairText.Fields fields, Label label) {
    if (label == Label.TIE) {
      return;
    }
    int first = fields.first().codePointCount(0, fields.first().length());
    int second = fields.second().codePointCount(0, fields.second().length());
    int chosen = label == Label.FIRST ? first : second;
    int rejected = label == Label.FIRST ? second : first;
    chosenLetters += chosen;
    rejectedLetters += rejected;
    longer += chosen > rejected ? 1 : 0;
    shorter += chosen < rejected ? 1 : 0;
    equal += chosen == rejected ? 1 : 0;
  }

  /** Pairs whose better response is longer. */
  public long longer() {
    return longer;
  }

  /** Pairs whose better response is shorter. */
  public long shorter() {
    return shorter;
  }

  /** Pairs whose responses are equally long. */
  public long equal() {
    return equal;
  }

  /** Pairs that were looked at. */
  public long pairs() {
    return longer + shorter + equal;
  }

  /** Mean letters of the better response. */
  public double chosenMean() {
    return pairs() == 0 ? Double.NaN : (double) chosenLetters / pairs();
  }

  /** Mean letters of the other response. */
  public double rejectedMean() {
    return pairs() == 0 ? Double.NaN : (double) rejectedLetters / pairs();
  }
}
