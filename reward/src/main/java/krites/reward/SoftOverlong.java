package krites.reward;

/**
 * What a response loses by its length: nothing at first, then more and more, then 1.
 *
 * <p>Source: DAPO (arXiv 2503.14476), equation 13; {@code get_soft_overlong_punishment} of TRL.
 *
 * @param maxLength tokens from which on all is lost
 * @param buffer tokens before that on which the loss grows
 */
public record SoftOverlong(int maxLength, int buffer) {
  public SoftOverlong {
    if (buffer < 1 || maxLength < buffer) {
      throw new IllegalArgumentException("a buffer of " + buffer + " tokens before " + maxLength);
    }
  }

  /** The penalty of a length in tokens, -1 to 0. */
  public double penalty(int length) {
    int free = maxLength - buffer;
    return length <= free ? 0 : Math.max(-1, (free - length) / (double) buffer);
  }
}
