package krites.transfer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The right to fetch one content: 128 random bits that travel over the authenticated control plane.
 * What is shown to a source over the bulk plane is only made of it, so that who listens there
 * cannot make the seals of the content's chunks, for which the ticket is the key.
 *
 * <p>Equality takes the same time wherever two tickets differ, so a stranger learns nothing by
 * trying. It is not printed.
 */
public final class Ticket {
  /** Length in bytes. */
  public static final int BYTES = 16;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final byte[] value;

  private Ticket(byte[] value) {
    this.value = value;
  }

  /** A new one that nobody can guess. */
  public static Ticket fresh() {
    byte[] bytes = new byte[BYTES];
    RANDOM.nextBytes(bytes);
    return new Ticket(bytes);
  }

  /**
   * One that came over the control plane.
   *
   * @throws IllegalArgumentException if it has not 32 hexadecimal digits
   */
  public static Ticket parse(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a ticket has 32 hexadecimal digits");
    }
    return new Ticket(bytes);
  }

  /** What {@link #parse} reads; a secret. */
  public String secret() {
    return HexFormat.of().formatHex(value);
  }

  /** What is shown for it where others may listen: 128 bits of which it cannot be computed. */
  Ticket shown() {
    return new Ticket(Arrays.copyOf(derived("show"), BYTES));
  }

  /** The key of the seals, 32 bytes. */
  byte[] sealKey() {
    return derived("seal");
  }

  private byte[] derived(String use) {
    MessageDigest sha = Digest.algorithm();
    sha.update(("krites transfer " + use).getBytes(StandardCharsets.US_ASCII));
    return sha.digest(value);
  }

  static Ticket read(ByteBuffer from) {
    byte[] bytes = new byte[BYTES];
    from.get(bytes);
    return new Ticket(bytes);
  }

  void write(ByteBuffer target) {
    target.put(value);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Ticket ticket && MessageDigest.isEqual(value, ticket.value);
  }

  @Override
  public int hashCode() {
    return ByteBuffer.wrap(value).getInt();
  }

  @Override
  public String toString() {
    return "a ticket";
  }
}
