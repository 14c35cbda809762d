package krites.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The letters that a byte-level vocabulary writes for bytes: a printable byte is its own letter,
 * the others take the letters from U+0100 on, in order.
 *
 * <p>Source: {@code bytes_to_unicode} of GPT-2's encoder, which every byte-level tokenizer follows.
 */
final class ByteLetters {
  /** The letter of the last byte, plus one: 188 bytes are printable, 68 are not. */
  private static final int END = 0x100 + 68;

  private static final char[] LETTERS = new char[256];
  private static final int[] BYTES = new int[END];

  static {
    Arrays.fill(BYTES, -1);
    int free = 0x100;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xAC || value >= 0xAE;
      LETTERS[value] = (char) (printable ? value : free++);
      BYTES[LETTERS[value]] = value;
    }
  }

  private ByteLetters() {}

  /** The letter of a byte, 0 to 255. */
  static char letterOf(int value) {
    return LETTERS[value];
  }

  /** The byte of a letter, or -1 if it stands for none. */
  static int byteOf(char letter) {
    return letter < END ? BYTES[letter] : -1;
  }

  /** Whether every letter of a token stands for a byte. */
  static boolean spells(String token) {
    for (int i = 0; i < token.length(); i++) {
      if (byteOf(token.charAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * The bytes that a token decodes to. A token with a letter that stands for no byte (only added
   * tokens have such) is taken as text, as the library does.
   */
  static byte[] bytesOf(String token) {
    if (!spells(token)) {
      return token.getBytes(StandardCharsets.UTF_8);
    }
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) byteOf(token.charAt(i));
    }
    return bytes;
  }
}
