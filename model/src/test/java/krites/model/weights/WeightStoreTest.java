package krites.model.weights;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.SavedWeights;
import krites.model.safetensors.OutgoingTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightStoreTest {
  private static final SavedWeights WEIGHTS =
      dtype -> List.of(OutgoingTensor.floats("w", dtype, new long[] {100}, () -> new float[100]));

  @TempDir Path folder;

  @Test
  void aByteThatChangedIsFoundWhereverItIs() throws IOException {
    WeightStore store = new WeightStore(folder, Precision.BF16);
    WeightStore.Published published = store.publish("v1", WEIGHTS);
    store.verify("v1", published.sha256());
    Path file = folder.resolve("v1/model.safetensors");
    for (long at = 0; at < Files.size(file); at += 29) {
      flip(file, at);
      assertRefused(store, published, "byte " + at);
      flip(file, at);
    }
    store.verify("v1", published.sha256());
    Files.write(file, new byte[] {0}, StandardOpenOption.APPEND);
    assertRefused(store, published, "longer");
    store.retire("v1");
    assertFalse(Files.exists(folder.resolve("v1")));
    assertRefused(store, published, "gone");
  }

  /** A disk that is full now may have room a little later. */
  @Test
  void whatCouldNotBeWrittenCanBeWrittenLater() throws IOException {
    WeightStore store = new WeightStore(folder, Precision.BF16);
    SavedWeights failing =
        dtype ->
            List.of(
                OutgoingTensor.floats(
                    "w",
                    dtype,
                    new long[] {100},
                    () -> {
                      throw new UncheckedIOException(new IOException("no space left"));
                    }));
    assertThrows(UncheckedIOException.class, () -> store.publish("v1", failing));
    assertFalse(Files.exists(folder.resolve("v1")));
    store.verify("v1", store.publish("v1", WEIGHTS).sha256());

    UncheckedIOException again =
        assertThrows(UncheckedIOException.class, () -> store.publish("v1", WEIGHTS));
    assertEquals(
        folder.resolve("v1") + ": cannot write weights: it is there already", again.getMessage());
    assertTrue(Files.exists(folder.resolve("v1/model.safetensors")), "the first one stays");
  }

  @Test
  void aFileThatChangedAfterItWasReadIsReadAgain() throws IOException {
    WeightStore store = new WeightStore(folder, Precision.BF16);
    WeightStore.Published published = store.publish("v1", WEIGHTS);
    Path file = folder.resolve("v1/model.safetensors");
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
    store.verify("v1", published.sha256());
    flip(file, 300);
    assertRefused(store, published, "changed");
    flip(file, 300);

    Path other = Files.copy(file, folder.resolve("other"));
    flip(other, 300);
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(file));
    Files.delete(file);
    Files.move(other, file);
    assertRefused(store, published, "another file of the same size and time");
  }

  /** Seen by a change that hides itself, which nothing but another reading would find. */
  @Test
  void aFileThatIsAsItWasIsNotReadAgain() throws IOException {
    WeightStore store = new WeightStore(folder, Precision.BF16);
    WeightStore.Published published = store.publish("v1", WEIGHTS);
    Path file = folder.resolve("v1/model.safetensors");
    FileTime old = FileTime.from(Instant.now().minusSeconds(60));
    Files.setLastModifiedTime(file, old);
    store.verify("v1", published.sha256());
    flip(file, 300);
    Files.setLastModifiedTime(file, old);
    assertDoesNotThrow(() -> store.verify("v1", published.sha256()));
    assertThrows(UncheckedIOException.class, () -> store.verify("v1", "another digest"));
    assertRefused(new WeightStoreBeside(folder).store, published, "a store that did not read it");
  }

  @Test
  void aNameIsNeverWrittenTwice() {
    WeightStore store = new WeightStore(folder, Precision.F32);
    String first = store.publish("v1", WEIGHTS).sha256();
    assertThrows(UncheckedIOException.class, () -> store.publish("v1", WEIGHTS));
    store.verify("v1", first);
    assertEquals(first, store.publish("v2", WEIGHTS).sha256());
  }

  /** As another process has it: the folder of a running one is not emptied. */
  private static final class WeightStoreBeside {
    private final WeightStore store;

    WeightStoreBeside(Path folder) throws IOException {
      Path hidden = folder.resolveSibling(folder.getFileName() + " hidden");
      Files.move(folder, hidden);
      this.store = new WeightStore(folder, Precision.BF16);
      Files.delete(folder);
      Files.move(hidden, folder);
    }
  }

  private static void assertRefused(
      WeightStore store, WeightStore.Published published, String what) {
    UncheckedIOException refused =
        assertThrows(
            UncheckedIOException.class,
            () -> store.verify(published.name(), published.sha256()),
            what);
    assertTrue(refused.getMessage().contains("cannot be trusted"), refused.getMessage());
  }

  private static void flip(Path file, long at) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      one.put(0, (byte) (one.get(0) ^ 4));
      channel.write(one.rewind(), at);
    }
  }
}
