package krites.model.image.vp8;

/** The arithmetic decoder of VP8 over one partition (RFC 6386, section 7). */
final class BoolReader {
  /** The reader looks ahead; a sound partition never asks for more behind its end. */
  private static final int LOOK_AHEAD_BYTES = 2;

  private final byte[] bytes;
  private final int end;
  private int at;
  private int value;
  private int range = 255;
  private int shifted;

  BoolReader(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
    this.value = next() << 8;
    this.value |= next();
  }

  private int next() {
    int place = at++;
    return place < end ? bytes[place] & 0xFF : 0;
  }

  /** Whether bits were taken that the partition does not have. */
  boolean exhausted() {
    return at > end + LOOK_AHEAD_BYTES;
  }

  /**
   * The next bit.
   *
   * @param zeroProbability of a zero, in 256ths
   */
  int bit(int zeroProbability) {
    int split = 1 + ((range - 1) * zeroProbability >> 8);
    int bit = value >= split << 8 ? 1 : 0;
    if (bit == 1) {
      range -= split;
      value -= split << 8;
    } else {
      range = split;
    }
    int shift = Integer.numberOfLeadingZeros(range) - 24;
    if (shift > 0) {
      range <<= shift;
      int room = 8 - shifted;
      if (shift < room) {
        value <<= shift;
        shifted += shift;
      } else {
        value = (value << room | next()) << shift - room;
        shifted = shift - room;
      }
    }
    return bit;
  }

  boolean flag() {
    return bit(128) == 1;
  }

  /** A whole number, most significant bit first. */
  int number(int bits) {
    int number = 0;
    for (int i = 0; i < bits; i++) {
      number = number << 1 | bit(128);
    }
    return number;
  }

  /** A number and then its sign; zero if a flag before them says so. */
  int optionalSigned(int bits) {
    return flag() ? signed(bits) : 0;
  }

  int signed(int bits) {
    int number = number(bits);
    return flag() ? -number : number;
  }

  /** A leaf of a tree: inner nodes are positions, leaves the negated values. */
  int tree(byte[] tree, byte[] probabilities, int from) {
    int node = 0;
    do {
      node = tree[node + bit(probabilities[from + (node >> 1)] & 0xFF)];
    } while (node > 0);
    return -node;
  }
}
