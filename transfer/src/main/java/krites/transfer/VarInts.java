package krites.transfer;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/** Whole numbers from 0, small ones in one byte, seven bits a byte, the lowest first. */
final class VarInts {
  private byte[] bytes;
  private int length;
  private int position;

  VarInts() {
    this(new byte[1 << 12], 0);
  }

  private VarInts(byte[] bytes, int length) {
    this.bytes = bytes;
    this.length = length;
  }

  /**
   * Reads a stream of so many bytes.
   *
   * @throws IllegalArgumentException if they are more than {@code most}; nothing is allocated
   */
  static VarInts read(DataInputStream in, int length, int most) throws IOException {
    if (length < 0 || length > most) {
      throw new IllegalArgumentException("a stream of " + length + " bytes");
    }
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("a stream of " + length + " bytes ends after " + bytes.length);
    }
    return new VarInts(bytes, length);
  }

  void add(int value) {
    if (length + 5 > bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * bytes.length);
    }
    int rest = value;
    while ((rest & ~0x7F) != 0) {
      bytes[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[length++] = (byte) rest;
  }

  /**
   * The next number.
   *
   * @throws IllegalArgumentException if there is none, or it has more than 32 bits
   */
  int next() {
    int value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (position == length) {
        throw new IllegalArgumentException("a stream of numbers is too short");
      }
      byte now = bytes[position++];
      value |= (now & 0x7F) << shift;
      if (now >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number of more than five bytes");
  }

  int length() {
    return length;
  }

  void clear() {
    length = 0;
    position = 0;
  }

  void writeTo(OutputStream out) throws IOException {
    out.write(bytes, 0, length);
  }
}
