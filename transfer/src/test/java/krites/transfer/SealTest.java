package krites.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a seal is, what it finds, and that nobody can make one from what is seen on the wire. */
@Timeout(60)
class SealTest {
  @TempDir Path temp;

  private static Seal seal(byte[] key, int file, long chunk, byte[] bytes) {
    Seal.Maker maker = new Seal.Maker(key, file, chunk);
    maker.update(bytes, bytes.length);
    return maker.make();
  }

  private static BigInteger little(byte[] bytes) {
    byte[] big = new byte[bytes.length + 1];
    for (int i = 0; i < bytes.length; i++) {
      big[bytes.length - i] = bytes[i];
    }
    return new BigInteger(big);
  }

  /** Poly1305 as RFC 8439 section 2.5 writes it, over the layout of section 2.8 without a text. */
  private static byte[] plainTag(byte[] oneTimeKey, byte[] data) {
    int padded = (data.length + 15) / 16 * 16;
    byte[] message =
        ByteBuffer.allocate(padded + 16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(data)
            .putLong(padded, data.length)
            .array();
    BigInteger prime = BigInteger.TWO.pow(130).subtract(BigInteger.valueOf(5));
    BigInteger r =
        little(Arrays.copyOf(oneTimeKey, 16))
            .and(new BigInteger("0ffffffc0ffffffc0ffffffc0fffffff", 16));
    BigInteger sum = BigInteger.ZERO;
    for (int at = 0; at < message.length; at += 16) {
      BigInteger block = little(Arrays.copyOfRange(message, at, at + 16)).setBit(128);
      sum = sum.add(block).multiply(r).mod(prime);
    }
    sum = sum.add(little(Arrays.copyOfRange(oneTimeKey, 16, 32)));
    byte[] tag = new byte[16];
    for (int i = 0; i < 16; i++) {
      tag[i] = sum.shiftRight(8 * i).byteValue();
    }
    return tag;
  }

  /** The one-time key is that of the example in RFC 8439, section 2.6.2. */
  @Test
  void aSealIsThePoly1305TagOfTheChunk() {
    byte[] key = new byte[32];
    for (int i = 0; i < key.length; i++) {
      key[i] = (byte) (0x80 + i);
    }
    byte[] oneTimeKey =
        HexFormat.of().parseHex("8ad5a08b905f81cc815040274ab29471a833b637e3fd0da508dbb8e2fdd1a646");
    for (int length : new int[] {0, 1, 15, 16, 17, 1000}) {
      byte[] data = new byte[length];
      new Random(length).nextBytes(data);
      Seal expected = Seal.read(ByteBuffer.wrap(plainTag(oneTimeKey, data)));
      assertEquals(expected, seal(key, 0, 0x0001020304050607L, data), length + " bytes");
    }
  }

  @Test
  void aChangedBitAnotherPlaceAndAnotherTicketAreFound() {
    Ticket ticket = Ticket.fresh();
    byte[] bytes = new byte[100_000];
    new Random(1).nextBytes(bytes);
    Seal right = seal(ticket.sealKey(), 2, 3, bytes);
    assertEquals(right, seal(ticket.sealKey(), 2, 3, bytes));
    assertNotEquals(right, seal(ticket.sealKey(), 3, 2, bytes));
    assertNotEquals(right, seal(ticket.sealKey(), 2, 4, bytes));
    assertNotEquals(right, seal(Ticket.fresh().sealKey(), 2, 3, bytes));
    assertNotEquals(right, seal(ticket.shown().sealKey(), 2, 3, bytes), "who listens can forge");
    for (int seed = 0; seed < 200; seed++) {
      byte[] other = bytes.clone();
      other[new Random(seed).nextInt(other.length)] ^= (byte) (1 << seed % 8);
      assertNotEquals(right, seal(ticket.sealKey(), 2, 3, other), "seed " + seed);
    }
  }

  /** Whoever listens sees neither the ticket nor the secret of the run. */
  @Test
  void theWireShowsNoSecret() throws Exception {
    Ticket ticket = Ticket.fresh();
    CompletableFuture<byte[]> heard = new CompletableFuture<>();
    try (ServerSocket server = new ServerSocket(0, 5, Node.loopback(0).getAddress());
        Node target = new Node(Files.createDirectories(temp.resolve("target")))) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket client = server.accept()) {
                  heard.complete(client.getInputStream().readNBytes(WireFormat.Request.BYTES));
                } catch (java.io.IOException e) {
                  heard.completeExceptionally(e);
                }
              });
      Digest content = Digest.ofBytes(new byte[] {5});
      assertThrows(
          TransferException.class,
          () ->
              target.receiver.fetch(
                  new ContentReceiver.Order(
                      "v1", content, ticket, List.of(Node.loopback(server.getLocalPort())))));
      String shown = new String(heard.get(), StandardCharsets.ISO_8859_1);
      assertTrue(shown.contains(latin(content.toString())), "the request names the content");
      assertFalse(shown.contains(latin(ticket.secret())));
      assertFalse(shown.contains(latin(Node.RUN.secret())));
    }
  }

  private static String latin(String hex) {
    return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
  }
}
