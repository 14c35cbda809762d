package krites.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a manifest says, and what it refuses to say. */
class ManifestTest {
  private static final Manifest SAMPLE = sample(true);

  private static Manifest sample(boolean digests) {
    return new Manifest(
        List.of(
            new Manifest.Entry(
                "model-00001.safetensors",
                Manifest.CHUNK + 1L,
                List.of(seal(3), seal(-4)),
                digests
                    ? List.of(Digest.ofBytes(new byte[] {7}), Digest.ofBytes(new byte[] {8}))
                    : List.of()),
            new Manifest.Entry("x", 0, List.of(), List.of())),
        digests);
  }

  private static Seal seal(int value) {
    return Seal.read(ByteBuffer.allocate(Seal.BYTES).putInt(value).rewind());
  }

  @Test
  void whatIsEncodedIsDecoded() throws Exception {
    assertEquals(SAMPLE, Manifest.decode(SAMPLE.encode()));
    assertEquals(SAMPLE.digest(), Manifest.decode(SAMPLE.encode()).digest());
    assertEquals(sample(false), Manifest.decode(sample(false).encode()));
    assertNotEquals(SAMPLE.digest(), sample(false).digest());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "../x", "a/b", "a\\b", "/x", "a\0", ".hidden", "\u00e4"})
  void aNameThatCouldLeaveItsFolderIsRefused(String name) {
    assertThrows(
        IllegalArgumentException.class, () -> new Manifest.Entry(name, 0, List.of(), List.of()));
  }

  @Test
  void aNameFromTheNetworkIsRefusedTheSameWay() {
    byte[] bytes = SAMPLE.encode();
    byte[] from = "model-00001".getBytes(StandardCharsets.US_ASCII);
    byte[] evil = "../../etc/x".getBytes(StandardCharsets.US_ASCII);
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("model-00001");
    assertEquals(from.length, evil.length);
    System.arraycopy(evil, 0, bytes, at, evil.length);
    TransferException refused = assertThrows(TransferException.class, () -> Manifest.decode(bytes));
    assertTrue(refused.getMessage().contains("is no plain file name"), refused.getMessage());
  }

  /** Any bytes give a manifest or a clear refusal, never another failure or a large allocation. */
  @Test
  void damagedManifestsAreRefused() {
    byte[] good = SAMPLE.encode();
    for (int seed = 0; seed < 20_000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = Arrays.copyOf(good, random.nextInt(good.length + 8));
      for (int i = 0; i <= random.nextInt(4) && bytes.length > 0; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      try {
        Manifest.decode(bytes);
      } catch (TransferException e) {
        assertTrue(e.getMessage() != null, "seed " + seed);
      } catch (RuntimeException e) {
        fail("seed " + seed, e);
      }
    }
  }
}
