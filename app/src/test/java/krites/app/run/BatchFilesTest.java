package krites.app.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import krites.app.InputError;
import krites.grpo.TrainingBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BatchFilesTest {
  @TempDir Path folder;

  @Test
  void aBatchReadsBackAsItWas() throws IOException {
    BatchFiles files = new BatchFiles(folder);
    for (long seed = 0; seed < 50; seed++) {
      TrainingBatch batch = TestBatches.batch(seed, seed + 1, seed % 3, 1 + (int) (seed % 4));

      files.write(batch);

      assertEquals(batch, files.read(seed + 1, seed % 3), "seed " + seed);
    }
    assertTrue(Files.exists(folder.resolve("batches/step-000012-t2.bin")));
    try (var all = Files.list(folder.resolve("batches"))) {
      assertEquals(50, all.count(), "no temporary file stays");
    }
  }

  @Test
  void whicheverByteIsChangedTheFileIsRefused() throws IOException {
    BatchFiles files = new BatchFiles(folder);
    files.write(TestBatches.batch(1, 5, 0, 1));
    Path file = folder.resolve("batches/step-000005-t0.bin");
    byte[] good = Files.readAllBytes(file);
    for (int at = 0; at < good.length; at++) {
      byte[] bad = good.clone();
      bad[at] ^= 0x10;
      Files.write(file, bad);

      InputError error =
          assertThrows(InputError.class, () -> files.read(5, 0), "changed byte " + at);

      assertTrue(error.getMessage().startsWith(file + " cannot be used: "), error.getMessage());
    }
  }

  @Test
  void whereverItIsCutTheFileIsRefused() throws IOException {
    BatchFiles files = new BatchFiles(folder);
    files.write(TestBatches.batch(1, 5, 0, 1));
    Path file = folder.resolve("batches/step-000005-t0.bin");
    byte[] good = Files.readAllBytes(file);
    for (int length = 0; length < good.length; length++) {
      Files.write(file, Arrays.copyOf(good, length));
      assertThrows(InputError.class, () -> files.read(5, 0), "cut to " + length);
    }
    Files.write(file, Arrays.copyOf(good, good.length + 1));
    assertThrows(InputError.class, () -> files.read(5, 0), "a byte more");
  }

  @Test
  void eachTroubleIsNamed() throws IOException {
    BatchFiles files = new BatchFiles(folder);
    files.write(TestBatches.batch(1, 5, 0, 1));
    Path file = folder.resolve("batches/step-000005-t0.bin");
    byte[] good = Files.readAllBytes(file);
    Path six = folder.resolve("batches/step-000006-t0.bin");

    assertEquals(
        six + " is missing: the batch of step 6 was not recorded; was record.batches = false?",
        trouble(files, 6));
    Files.write(six, good);
    assertEquals(six + " cannot be used: it holds the batch of step 5 for v4", trouble(files, 6));
    Files.writeString(file, "not a batch");
    assertEquals(file + " cannot be used: it is no recorded batch", trouble(files, 5));
    byte[] newer = good.clone();
    newer[11] = 2;
    Files.write(file, newer);
    assertEquals(file + " cannot be used: expected layout 1, found 2", trouble(files, 5));
    byte[] damaged = good.clone();
    damaged[good.length - 1] ^= 1;
    Files.write(file, damaged);
    assertTrue(
        trouble(files, 5).matches(".* cannot be used: expected CRC-32C [0-9a-f]{8}, found .*"));
  }

  @Test
  void theSettingsOfATermAreKeptOnce() throws IOException {
    BatchFiles files = new BatchFiles(folder);
    Path config = Files.writeString(folder.resolve("a.conf"), "run.seed = 1");
    files.keepSettings(0, config);
    Files.writeString(config, "run.seed = 2");
    files.keepSettings(0, config);
    files.keepSettings(1, config);

    assertEquals(List.of("run.seed = 1"), Files.readAllLines(files.settings(0)));
    assertEquals(List.of("run.seed = 2"), Files.readAllLines(files.settings(1)));
    assertTrue(
        assertThrows(InputError.class, () -> files.settings(2))
            .getMessage()
            .contains("settings-t2.conf is missing"));
  }

  private static String trouble(BatchFiles files, long step) {
    return assertThrows(InputError.class, () -> files.read(step, 0)).getMessage();
  }
}
