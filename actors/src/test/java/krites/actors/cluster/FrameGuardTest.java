package krites.actors.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.Test;

/** Frames are followed over pieces of any size, and what is none of ours is told. */
final class FrameGuardTest {
  private static final FrameGuard.Limits LIMITS = new FrameGuard.Limits(1000, 100);

  private static byte[] connection(String magic, int stream, int... frames) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(magic.getBytes(StandardCharsets.US_ASCII));
    bytes.write(stream);
    for (int frame : frames) {
      bytes.writeBytes(
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(frame).array());
      bytes.writeBytes(new byte[Math.clamp(frame, 0, 2000)]);
    }
    return bytes.toByteArray();
  }

  /** In pieces that a seed decides. */
  private static Optional<String> read(byte[] bytes, long seed) {
    FrameGuard.FrameReader reader = new FrameGuard.FrameReader(LIMITS);
    Random random = new Random(seed);
    for (int at = 0; at < bytes.length; ) {
      int to = Math.min(bytes.length, at + 1 + random.nextInt(seed == 0 ? 1 : 40));
      Optional<String> trouble =
          reader.read(ByteString.fromArray(Arrays.copyOfRange(bytes, at, to)));
      if (trouble.isPresent()) {
        return trouble;
      }
      at = to;
    }
    return Optional.empty();
  }

  @Test
  void whatNodesSendPasses() {
    for (long seed = 0; seed < 50; seed++) {
      assertEquals(Optional.empty(), read(connection("AKKA", 1, 0, 100, 7, 1), seed));
      assertEquals(Optional.empty(), read(connection("PEKK", 2, 100, 100), seed));
      assertEquals(Optional.empty(), read(connection("AKKA", 3, 1000, 5, 999), seed));
    }
  }

  @Test
  void whatStrangersSendDoesNot() {
    for (long seed = 0; seed < 50; seed++) {
      assertTold("it begins with the bytes 47455420", connection("GET ", 1), seed);
      assertTold("it names a stream 0 ", connection("AKKA", 0, 1), seed);
      assertTold("it names a stream 4 ", connection("AKKA", 4, 1), seed);
      assertTold("a frame of 101 bytes", connection("AKKA", 1, 3, 101), seed);
      assertTold("a frame of 1001 bytes", connection("AKKA", 3, 1001), seed);
      assertTold("a frame of 2147483647 bytes", connection("AKKA", 2, Integer.MAX_VALUE), seed);
      assertTold("a frame of 4294967295 bytes", connection("AKKA", 3, 9, -1), seed);
    }
  }

  private static void assertTold(String expected, byte[] bytes, long seed) {
    String told = read(bytes, seed).orElse("nothing");
    assertTrue(told.contains(expected), told);
  }
}
