package krites.simulator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Everything that happened in a simulation in order, as a digest: two simulations with the same one
 * did the same, message by message and nanosecond by nanosecond.
 *
 * <p>Whoever wants to read it, and not only to compare, gives a listener.
 */
final class Trace {
  private static final int BUFFER = 1 << 16; // bytes hashed at once: hashing costs less per byte so

  private final MessageDigest digest = sha256();
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
  private final Optional<Consumer<String>> listener;
  private long messages;

  Trace(Optional<Consumer<String>> listener) {
    this.listener = listener;
  }

  /** A message is handed to an actor. */
  void delivered(long nanos, String sender, String receiver, Object message) {
    messages++;
    String what = message.getClass().getSimpleName();
    put(nanos, sender, receiver, what);
    tell(nanos, () -> sender + " -> " + receiver + ": " + what);
  }

  /** A fault struck, or a fact of the run was written down. */
  void note(long nanos, String what) {
    put(nanos, what);
    tell(nanos, () -> what);
  }

  /** Messages handed over so far. */
  long messages() {
    return messages;
  }

  /** The digest of everything so far, in hexadecimal. */
  String digest() {
    flush();
    try {
      return HexFormat.of().formatHex(((MessageDigest) digest.clone()).digest());
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("this JVM cannot copy a SHA-256 digest", e);
    }
  }

  private void tell(long nanos, java.util.function.Supplier<String> line) {
    listener.ifPresent(
        reader ->
            reader.accept(
                String.format(Locale.ROOT, "%14.6f %s", EventLoop.seconds(nanos), line.get())));
  }

  private void put(long nanos, String... words) {
    if (buffer.remaining() < Long.BYTES) {
      flush();
    }
    buffer.putLong(nanos);
    for (String word : words) {
      byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
      if (buffer.remaining() < bytes.length + Integer.BYTES) {
        flush();
      }
      buffer.putInt(bytes.length);
      if (bytes.length > buffer.remaining()) {
        flush();
        digest.update(bytes);
      } else {
        buffer.put(bytes);
      }
    }
  }

  private void flush() {
    digest.update(buffer.array(), 0, buffer.position());
    buffer.clear();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
