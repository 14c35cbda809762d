package krites.model.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Damaged files of every kind end in a picture or in an {@link ImageException} of one line.
 *
 * <p>{@code -Dkrites.fuzz.rounds=100000} runs more than the default share; {@code
 * -Dkrites.fuzz.seed} another stream.
 */
class ImageFuzzTest {
  private static final int ROUNDS = Integer.getInteger("krites.fuzz.rounds", 3_000);
  private static final long SEED = Long.getLong("krites.fuzz.seed", 1);

  /**
   * A mutated header may claim any size, and the guard lets through what the heap holds; larger
   * claims would only cost time here.
   */
  private static final long TRIED_PIXELS = 4_000_000;

  @Test
  void damagedFilesAreRefusedInOneLine() throws IOException {
    List<SampleImages.Sample> samples = SampleImages.all();
    int decoded = 0;
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      SplittableRandom random = new SplittableRandom(SEED * 1_000_003 + round);
      SampleImages.Sample sample = samples.get(random.nextInt(samples.size()));
      byte[] file = mutate(sample.bytes(), random);
      try {
        if (claimedPixels(file) <= TRIED_PIXELS) {
          RgbImage image = ImageDecoder.decode(file, "fuzz");
          assertEquals(3L * image.width() * image.height(), image.rgb().length);
        }
        decoded++;
      } catch (ImageException e) {
        refused++;
        String message = "round " + round + " of " + sample.file() + ": " + e.getMessage();
        assertTrue(e.getMessage().startsWith("fuzz: "), message);
        assertEquals(1, e.getMessage().lines().count(), message);
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed " + SEED + ", round " + round + " of " + sample.file(), e);
      }
    }
    assertTrue(decoded > ROUNDS / 20 && refused > ROUNDS / 20, decoded + " and " + refused);
  }

  private static long claimedPixels(byte[] file) {
    try {
      ImageSize size = ImageDecoder.size(file, "fuzz");
      return (long) size.width() * size.height();
    } catch (ImageException e) {
      return 0;
    }
  }

  private static byte[] mutate(byte[] whole, SplittableRandom random) {
    byte[] file = whole.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes && file.length > 0; i++) {
      int reach = random.nextBoolean() ? Math.min(64, file.length) : file.length;
      int at = random.nextInt(reach);
      switch (random.nextInt(7)) {
        case 0 -> file[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> file[at] = (byte) random.nextInt(256);
        case 2 -> number(file, at, random);
        case 3 -> file = Arrays.copyOf(file, random.nextInt(file.length));
        case 4 -> file = without(file, at, 1 + random.nextInt(16));
        case 5 -> file = twice(file, at, 1 + random.nextInt(64));
        default -> Arrays.fill(file, at, Math.min(file.length, at + 8), (byte) 0xFF);
      }
    }
    return file;
  }

  /** A length or a size: four bytes of an extreme number in either order. */
  private static void number(byte[] file, int at, SplittableRandom random) {
    int[] extremes = {0, 1, 2, 255, 256, 65535, 65536, 0x7FFFFFFF, 0x80000000, -1, file.length};
    int number = extremes[random.nextInt(extremes.length)];
    number = random.nextBoolean() ? number : Integer.reverseBytes(number);
    for (int i = 0; i < 4 && at + i < file.length; i++) {
      file[at + i] = (byte) (number >> 8 * i);
    }
  }

  private static byte[] without(byte[] file, int at, int count) {
    int end = Math.min(file.length, at + count);
    byte[] shorter = Arrays.copyOf(file, file.length - (end - at));
    System.arraycopy(file, end, shorter, at, file.length - end);
    return shorter;
  }

  private static byte[] twice(byte[] file, int at, int count) {
    int end = Math.min(file.length, at + count);
    byte[] longer = Arrays.copyOf(file, file.length + end - at);
    System.arraycopy(file, at, longer, end, file.length - at);
    return longer;
  }
}
