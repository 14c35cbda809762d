package krites.transfer;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What the two ends of a connection say to each other.
 *
 * <p>A client opens with one {@link Request} of fixed length, so no number from a stranger decides
 * how much is read. The server answers with one byte of {@link Answer}. After {@link
 * Answer#ACCEPTED} a manifest follows as length (4 bytes) and bytes; or chunks, each as one byte of
 * {@link Frame} and, for {@link Frame#CHUNK}, the bytes of the next chunk, whose length and seal
 * stand in the manifest. One request per connection. Numbers are big-endian.
 */
final class WireFormat {
  private static final int MAGIC = 0x4B525754; // KRWT
  static final short PROTOCOL = 2;

  private WireFormat() {}

  /**
   * {@code count} chunks {@code first}, {@code first + stride}, ... of a file, or the manifest.
   *
   * @param protocol of the client
   * @param run whose contents are meant: two runs never mix, whatever ports they find
   * @param ticket what is shown for the right to the content, as of the run
   * @param file index in the manifest; -1 asks for the manifest itself
   */
  record Request(
      short protocol,
      Ticket run,
      Ticket ticket,
      Digest content,
      int file,
      int first,
      int stride,
      int count) {
    static final int BYTES = 4 + 2 + 2 * Ticket.BYTES + Digest.BYTES + 4 * 4;

    ByteBuffer encode() {
      ByteBuffer target = ByteBuffer.allocate(BYTES);
      target.putInt(MAGIC).putShort(protocol);
      run.write(target);
      ticket.write(target);
      content.write(target);
      return target.putInt(file).putInt(first).putInt(stride).putInt(count).flip();
    }

    /** Empty when the bytes are not ours at all. */
    static Optional<Request> decode(ByteBuffer from) {
      if (from.getInt() != MAGIC) {
        return Optional.empty();
      }
      return Optional.of(
          new Request(
              from.getShort(),
              Ticket.read(from),
              Ticket.read(from),
              Digest.read(from),
              from.getInt(),
              from.getInt(),
              from.getInt(),
              from.getInt()));
    }

    boolean wantsManifest() {
      return file == -1;
    }
  }

  /** How a server answers a request; the order is the wire's. */
  enum Answer {
    ACCEPTED("accepted"),
    OTHER_PROTOCOL("speaks another version of the protocol"),
    OTHER_RUN("belongs to another run"),
    NO_RIGHT("shows no valid ticket"),
    UNKNOWN_CONTENT("asks for a content that is not here"),
    MALFORMED("asks for chunks that do not exist"),
    BUSY("is one connection too many");

    private final String reason;

    Answer(String reason) {
      this.reason = reason;
    }

    /** Said of the client. */
    String reason() {
      return reason;
    }
  }

  /** What follows; the order is the wire's. */
  enum Frame {
    /** The next chunk. */
    CHUNK,
    /** Nothing yet: the source itself still waits. Says that it lives. */
    WAIT,
    /** All chunks were sent. */
    END,
    /** The source will not get the rest. */
    LOST
  }

  static ByteBuffer code(Enum<?> constant) {
    return ByteBuffer.wrap(new byte[] {(byte) constant.ordinal()});
  }

  static Answer answer(byte code, String peer) throws TransferException {
    return constant(Answer.values(), code, peer);
  }

  static Frame frame(byte code, String peer) throws TransferException {
    return constant(Frame.values(), code, peer);
  }

  private static <T> T constant(T[] values, byte code, String peer) throws TransferException {
    if (code < 0 || code >= values.length) {
      throw new TransferException(peer + " says " + code + ", which means nothing");
    }
    return values[code];
  }
}
