package krites.transfer;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A Poly1305 tag of a chunk under a key that only those know who were given the ticket over the
 * control plane. It finds what a network or a disk does, as a checksum would, and what somebody
 * does who is let into the network but has not the ticket, as a digest would, at five times the
 * speed of SHA-256. Who has the ticket can forge it.
 *
 * <p>Each chunk of a content has a one-time key of its own, which ChaCha20 makes of the content's
 * key and the place of the chunk (RFC 8439, section 2.8, with the chunk as associated data and no
 * text): a forged chunk passes with a probability below 2^-85.
 */
final class Seal {
  /** Length in bytes. */
  static final int BYTES = 16;

  private final byte[] value;

  private Seal(byte[] value) {
    this.value = value;
  }

  static Seal read(ByteBuffer from) {
    byte[] bytes = new byte[BYTES];
    from.get(bytes);
    return new Seal(bytes);
  }

  void write(ByteBuffer target) {
    target.put(value);
  }

  /** Makes the seal of one chunk. */
  static final class Maker {
    private final Cipher cipher;

    /**
     * @param key 32 bytes, of this content alone
     * @param file index in the manifest
     * @param chunk index in the file
     */
    Maker(byte[] key, int file, long chunk) {
      byte[] nonce = ByteBuffer.allocate(12).putInt(file).putLong(chunk).array();
      try {
        // One for each chunk: an instance refuses a key and nonce that it saw before.
        cipher = Cipher.getInstance("ChaCha20-Poly1305");
        cipher.init(
            Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "ChaCha20"), new IvParameterSpec(nonce));
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every JDK has ChaCha20-Poly1305", e);
      }
    }

    void update(byte[] bytes, int length) {
      cipher.updateAAD(bytes, 0, length);
    }

    Seal make() {
      try {
        return new Seal(cipher.doFinal());
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("a tag of no text can always be made", e);
      }
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Seal seal && MessageDigest.isEqual(value, seal.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }
}
