package krites.transfer;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** A SHA-256 digest, compared by value. */
public final class Digest {
  /** Length in bytes. */
  public static final int BYTES = 32;

  private final byte[] value;

  private Digest(byte[] value) {
    this.value = value;
  }

  /**
   * A digest that was computed elsewhere.
   *
   * @throws IllegalArgumentException if it has not 32 bytes
   */
  public static Digest of(byte[] value) {
    if (value.length != BYTES) {
      throw new IllegalArgumentException("a SHA-256 digest has 32 bytes, not " + value.length);
    }
    return new Digest(value.clone());
  }

  /** A digest as hexadecimal digits. */
  public static Digest parse(String hex) {
    return of(HexFormat.of().parseHex(hex));
  }

  /** The digest of some bytes. */
  public static Digest ofBytes(byte[] bytes) {
    return new Digest(algorithm().digest(bytes));
  }

  static MessageDigest algorithm() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  static Digest read(ByteBuffer from) {
    byte[] bytes = new byte[BYTES];
    from.get(bytes);
    return new Digest(bytes);
  }

  void write(ByteBuffer target) {
    target.put(value);
  }

  byte[] toBytes() {
    return value.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Digest digest && Arrays.equals(value, digest.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  /** Hexadecimal digits, lower case. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(value);
  }
}
