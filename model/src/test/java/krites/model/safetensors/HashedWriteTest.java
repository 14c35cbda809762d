package krites.model.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file that is hashed on its way, by several threads in pieces, and one that is read back. */
class HashedWriteTest {
  @TempDir Path folder;

  @Test
  void theDigestIsThatOfTheFileWhateverThePieces() throws Exception {
    Path plain = folder.resolve("plain");
    Path hashed = folder.resolve("hashed");
    for (long seed = 0; seed < 40; seed++) {
      List<OutgoingTensor> tensors = tensors(new Random(seed));
      SafetensorsWriter.write(plain, tensors, SafetensorsWriter.PYTORCH);
      String digest = SafetensorsWriter.writeForReaders(hashed, tensors, SafetensorsWriter.PYTORCH);
      assertEquals(-1, Files.mismatch(plain, hashed), "seed " + seed);
      assertEquals(sha256(hashed), digest, "seed " + seed);
    }
  }

  @Test
  void aFileIsHashedToItsLastByte() throws Exception {
    Path file = folder.resolve("file");
    byte[] bytes = new byte[(7 << 19) + 1];
    new Random(1).nextBytes(bytes);
    for (int size : new int[] {0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, bytes.length}) {
      Files.write(file, Arrays.copyOf(bytes, size));
      assertEquals(sha256(file), FileDigest.sha256(file), size + " bytes");
    }
  }

  /** The others wait for the piece that fails, and must be let go, whichever thread is first. */
  @Test
  void aPieceThatFailsEndsTheWriteWithItsOwnReason() throws IOException {
    for (int round = 0; round < 50; round++) {
      int bad = round % 20;
      OutgoingTensor failing =
          OutgoingTensor.filled(
              "w",
              DType.U8,
              new long[] {2_000},
              100,
              (from, target) -> {
                if (from / 100 == bad) {
                  throw new IOException("no piece " + bad);
                }
                target.fill((byte) 1);
              });
      IOException thrown =
          assertThrows(
              IOException.class,
              () ->
                  SafetensorsWriter.writeForReaders(
                      folder.resolve("w"), List.of(failing), SafetensorsWriter.PYTORCH));
      assertEquals("no piece " + bad, thrown.getMessage());
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aMissingPieceIsNotADigest() {
    OrderedDigest digest = new OrderedDigest();
    digest.add(0, MemorySegment.ofArray(new byte[3]));
    assertThrows(IllegalStateException.class, () -> digest.hex(2));
  }

  /** Of every kind, some empty, in pieces that end anywhere. */
  private static List<OutgoingTensor> tensors(Random random) {
    List<OutgoingTensor> tensors = new ArrayList<>();
    for (int i = 0; i < 1 + random.nextInt(8); i++) {
      int size = random.nextInt(4) == 0 ? 0 : random.nextInt(i == 0 ? 3_000_000 : 5_000);
      float[] values = new float[size];
      for (int j = 0; j < size; j++) {
        values[j] = random.nextFloat();
      }
      long[] shape = {size};
      tensors.add(
          switch (random.nextInt(3)) {
            case 0 -> OutgoingTensor.floats("t" + i, DType.BF16, shape, () -> values);
            case 1 -> OutgoingTensor.raw("t" + i, DType.F32, shape, () -> copied(values));
            default ->
                OutgoingTensor.filled(
                    "t" + i,
                    DType.F32,
                    shape,
                    1 + random.nextInt(2 * size + 1) / (1 + random.nextInt(9)),
                    (from, target) -> {
                      for (int j = 0; j < target.byteSize() / 4; j++) {
                        target.set(ValueLayout.JAVA_FLOAT, 4L * j, values[(int) from + j]);
                      }
                    });
          });
    }
    return tensors;
  }

  private static MemorySegment copied(float[] values) {
    MemorySegment bytes =
        Arena.ofAuto().allocate(4L * values.length + 4).asSlice(0, 4L * values.length);
    MemorySegment.copy(values, 0, bytes, ValueLayout.JAVA_FLOAT, 0, values.length);
    return bytes;
  }

  private static String sha256(Path file) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }
}
