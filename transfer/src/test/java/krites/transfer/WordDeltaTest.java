package krites.transfer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A delta gives its file back, bit for bit, or says why not. */
class WordDeltaTest {
  @TempDir Path temp;

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(temp.resolve(name), bytes);
  }

  private byte[] roundTrip(byte[] base, byte[] next) throws IOException {
    Path from = write("base", base);
    Path to = write("next", next);
    Path delta = temp.resolve("delta");
    WordDelta.write(from, Digest.ofBytes(base), to, Digest.ofBytes(next), delta);
    Path result = temp.resolve("result");
    WordDelta.apply(from, Digest.ofBytes(base), delta, result);
    return Files.readAllBytes(result);
  }

  /** Any two files of the same even length, from equal to unrelated, some longer than a block. */
  @Test
  void everyPairOfFilesComesBack() throws IOException {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      int words = seed % 20 == 19 ? WordDelta.BLOCK + random.nextInt(9) : random.nextInt(5000);
      byte[] base = new byte[2 * words];
      random.nextBytes(base);
      byte[] next = base.clone();
      double share = new double[] {0, 0.001, 0.05, 1}[seed % 4];
      for (int i = 0; i < next.length; i++) {
        if (random.nextDouble() < share) {
          next[i] = (byte) random.nextInt();
        }
      }
      assertArrayEquals(next, roundTrip(base, next), "seed " + seed);
    }
  }

  /** From each 16-bit word to each of some others, signs and infinities among them. */
  @Test
  void everyWordCanBecomeEveryOther() throws IOException {
    ByteBuffer base = ByteBuffer.allocate(4 * 65_536).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer next = ByteBuffer.allocate(4 * 65_536).order(ByteOrder.LITTLE_ENDIAN);
    for (int word = 0; word < 65_536; word++) {
      base.putShort((short) word).putShort((short) word);
      next.putShort((short) ~word).putShort((short) (word * 40_503));
    }
    assertArrayEquals(next.array(), roundTrip(base.array(), next.array()));
  }

  /** The step of AdamW at a learning rate of RL, on a bfloat16 grid: few words, by one place. */
  @Test
  void aStepOfTrainingIsAHundredthOfTheWeights() throws IOException {
    Random random = new Random(5);
    int words = 400_000;
    float[] master = new float[words];
    for (int i = 0; i < words; i++) {
      master[i] = (float) (0.02 * random.nextGaussian());
    }
    byte[] base = rounded(master);
    for (int i = 0; i < words; i++) {
      master[i] += (float) (1e-6 * Math.signum(random.nextGaussian()));
    }
    byte[] next = rounded(master);
    Path from = write("base", base);
    Path to = write("next", next);
    Path delta = temp.resolve("delta");
    WordDelta.Size size =
        WordDelta.write(from, Digest.ofBytes(base), to, Digest.ofBytes(next), delta);
    assertEquals(Files.size(delta), size.bytes());
    assertTrue(size.changedWords() > words / 500 && size.changedWords() < words / 20, "" + size);
    assertTrue(size.bytes() * 30 < base.length, "" + size);
    WordDelta.apply(from, Digest.ofBytes(base), delta, temp.resolve("result"));
    assertEquals(-1, Files.mismatch(to, temp.resolve("result")));
  }

  private static byte[] rounded(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      int bits = Float.floatToRawIntBits(value);
      bytes.putShort((short) ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
    }
    return bytes.array();
  }

  @Test
  void anotherBaseAndAnotherLengthAreRefused() throws IOException {
    byte[] base = {1, 2, 3, 4};
    byte[] next = {1, 2, 3, 5};
    Path from = write("base", base);
    Path to = write("next", next);
    Path delta = temp.resolve("delta");
    WordDelta.write(from, Digest.ofBytes(base), to, Digest.ofBytes(next), delta);
    Digest other = Digest.ofBytes(next);
    assertThrows(
        TransferException.class, () -> WordDelta.apply(to, other, delta, temp.resolve("result")));
    assertFalse(Files.exists(temp.resolve("result")));
    Path longer = write("longer", new byte[6]);
    assertThrows(
        TransferException.class,
        () -> WordDelta.write(from, other, longer, other, temp.resolve("none")));
  }

  /** Mutated deltas are refused, and leave nothing; the digest catches what the format cannot. */
  @Test
  void aDamagedDeltaIsRefused() throws IOException {
    Random sample = new Random(1);
    byte[] base = new byte[4000];
    sample.nextBytes(base);
    byte[] next = base.clone();
    for (int i = 0; i < 100; i++) {
      next[sample.nextInt(next.length)] ^= 1;
    }
    Path from = write("base", base);
    Path to = write("next", next);
    Path delta = temp.resolve("delta");
    WordDelta.write(from, Digest.ofBytes(base), to, Digest.ofBytes(next), delta);
    byte[] good = Files.readAllBytes(delta);
    Path result = temp.resolve("result");
    for (int seed = 0; seed < 400; seed++) {
      Random random = new Random(seed);
      byte[] bytes = Arrays.copyOf(good, good.length - (seed % 3 == 0 ? random.nextInt(80) : 0));
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      Files.write(delta, bytes);
      try {
        WordDelta.apply(from, Digest.ofBytes(base), delta, result);
        // Bits behind the last block, or unused ones of the compression, change nothing.
        assertEquals(-1, Files.mismatch(to, result), "seed " + seed);
        Files.delete(result);
      } catch (TransferException e) {
        assertFalse(Files.exists(result), "seed " + seed);
      } catch (RuntimeException e) {
        fail("seed " + seed, e);
      }
    }
  }
}
