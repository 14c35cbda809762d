package krites.model.safetensors;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mutated headers and indexes: each is read or refused with a {@link CheckpointException} of one
 * line; nothing else may happen.
 */
final class HeaderFuzzTest {
  private static final int ROUNDS = Integer.getInteger("krites.fuzz.rounds", 500);
  private static final String[] WORDS = {
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "-1",
    "0",
    "1e9",
    "9223372036854775807",
    "18446744073709551616",
    "null",
    "true",
    "1.5",
    "\\u0000",
    "\"BF16\"",
    "\"F4\"",
    "\"dtype\"",
    "\"shape\"",
    "\"data_offsets\"",
    "\"__metadata__\"",
    "[[[[[[[[",
    "{\"a\":{\"a\":",
    "..",
    "/",
    "\u0000",
    "\ud800",
    "é"
  };

  @TempDir Path folder;

  @Test
  void aMutatedHeaderIsReadOrRefused() throws IOException {
    Path file = folder.resolve("a.safetensors");
    byte[] good = good(file);
    int refused = 0;
    for (int seed = 0; seed < ROUNDS; seed++) {
      byte[] bad = mutated(good, new SplittableRandom(seed));
      Files.write(file, bad);
      refused +=
          tried(
              seed,
              () -> {
                try (SafetensorsFile read = SafetensorsFile.open(file)) {
                  for (String name : read.names()) {
                    read.bytes(name);
                  }
                }
              });
    }
    assertTrue(refused > ROUNDS / 3, refused + " of " + ROUNDS + " were refused");
  }

  @Test
  void aMutatedIndexIsReadOrRefused() throws IOException {
    good(folder.resolve("a.safetensors"));
    Path index = folder.resolve(SafetensorsCheckpoint.INDEX_FILE);
    byte[] good =
        """
        {"metadata": {"total_size": 24}, "weight_map": {"x": "a.safetensors", "y.z": "a.safetensors"}}
        """
            .getBytes(StandardCharsets.UTF_8);
    int refused = 0;
    for (int seed = 0; seed < ROUNDS; seed++) {
      Files.write(index, mutated(good, new SplittableRandom(seed)));
      refused += tried(seed, () -> SafetensorsCheckpoint.open(folder).close());
    }
    assertTrue(refused > ROUNDS / 3, refused + " of " + ROUNDS + " were refused");
  }

  private static byte[] good(Path file) throws IOException {
    SafetensorsWriter.write(
        file,
        List.of(
            OutgoingTensor.floats("x", DType.BF16, new long[] {2, 4}, () -> new float[8]),
            OutgoingTensor.floats("y.z", DType.F32, new long[] {2}, () -> new float[2])),
        SafetensorsWriter.PYTORCH);
    return Files.readAllBytes(file);
  }

  /** One if it was refused. */
  private static int tried(int seed, Runnable reader) {
    try {
      reader.run();
      return 0;
    } catch (CheckpointException e) {
      assertTrue(
          !String.valueOf(e.getMessage()).contains("\n"), "seed " + seed + ": " + e.getMessage());
      return 1;
    } catch (RuntimeException | Error e) {
      return fail("seed " + seed + ": " + e, e);
    }
  }

  private static byte[] mutated(byte[] good, SplittableRandom random) {
    byte[] bytes = good.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes && bytes.length > 0; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 -> bytes = spliced(bytes, at, 0, WORDS[random.nextInt(WORDS.length)]);
        case 4 ->
            bytes =
                spliced(
                    bytes,
                    at,
                    Math.min(bytes.length - at, random.nextInt(12)),
                    WORDS[random.nextInt(WORDS.length)]);
        default -> {
          if (bytes.length >= Long.BYTES) {
            ByteBuffer.wrap(bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, random.nextBoolean() ? random.nextLong() : random.nextInt(512));
          }
        }
      }
    }
    return bytes;
  }

  private static byte[] spliced(byte[] bytes, int at, int removed, String word) {
    byte[] inserted = word.getBytes(StandardCharsets.UTF_8);
    byte[] result = Arrays.copyOf(bytes, bytes.length - removed + inserted.length);
    System.arraycopy(inserted, 0, result, at, inserted.length);
    System.arraycopy(
        bytes, at + removed, result, at + inserted.length, bytes.length - at - removed);
    return result;
  }
}
