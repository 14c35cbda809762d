package krites.app.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import krites.app.config.RunConfig.FsyncKind;
import krites.app.config.RunConfig.Journal;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.GroupReady;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class JournalWriterTest {
  @TempDir Path folder;

  /** A disk of limited size that counts how often it is forced. */
  private static final class Disk implements JournalFile {
    final ByteArrayOutputStream content = new ByteArrayOutputStream();
    final CountDownLatch forcedOnce = new CountDownLatch(1);
    int size = Integer.MAX_VALUE;
    boolean forceFails;
    int forced;

    @Override
    public void append(byte[] bytes) throws IOException {
      int room = Math.min(bytes.length, size - content.size());
      content.write(bytes, 0, room); // a full disk takes what it can
      if (room < bytes.length) {
        throw new IOException("No space left on device");
      }
    }

    @Override
    public void force() throws IOException {
      if (forceFails) {
        throw new IOException("Input/output error");
      }
      forced++;
      forcedOnce.countDown();
    }

    @Override
    public void cut(long length) {
      byte[] kept = java.util.Arrays.copyOf(content.toByteArray(), (int) length);
      content.reset();
      content.writeBytes(kept);
    }

    @Override
    public void close() {}
  }

  private final Disk disk = new Disk();
  private final Path name = Path.of("run", "events.jsonl");

  private JournalWriter writer(FsyncKind fsync, int millis) {
    return new JournalWriter(
        name, disk, JournalEnd.EMPTY, new Journal(fsync, millis), TestJournals.CLOCK);
  }

  @ParameterizedTest
  @CsvSource({
    "ALWAYS, 3, 4, 5", // each append, and sync, and close
    "BATCH, 0, 1, 2", // the first is due in an hour
    "CHECKPOINT, 0, 1, 2",
    "NEVER, 0, 0, 0"
  })
  void recordsAreForcedAsTheSettingSays(
      FsyncKind fsync, int afterAppends, int afterSync, int afterClose) {
    JournalWriter writer = writer(fsync, 3_600_000);
    for (int i = 0; i < 3; i++) {
      writer.append(List.of(new GroupReady(i), new GroupReady(i + 10)));
    }
    assertEquals(afterAppends, disk.forced);
    writer.sync();
    assertEquals(afterSync, disk.forced);
    writer.close();
    assertEquals(afterClose, disk.forced);
    writer.close();
    assertEquals(afterClose, disk.forced, "closing twice does nothing");
  }

  @Test
  void aBatchIsForcedByItselfWhenNothingMoreIsWritten() throws InterruptedException {
    try (JournalWriter writer = writer(FsyncKind.BATCH, 1)) {
      writer.append(List.of(new GroupReady(1)));

      assertTrue(disk.forcedOnce.await(60, TimeUnit.SECONDS));
    }
  }

  @Test
  void aFullDiskLosesNothingThatWasAcknowledged() throws IOException {
    JournalWriter writer = writer(FsyncKind.NEVER, 1);
    List<LedgerEvent> more = List.of(new GroupReady(2), new GroupReady(3));
    writer.append(List.of(new GroupReady(1)));
    disk.size = disk.content.size() + 130; // room for one of the next two, and a part of the other

    RunFileException error = assertThrows(RunFileException.class, () -> writer.append(more));

    assertEquals(
        "cannot write " + name + ": No space left on device; its 1 records before that are kept",
        error.getMessage());
    assertEquals(1, writer.records());
    Path file = Files.write(folder.resolve("events.jsonl"), disk.content.toByteArray());
    JournalEnd end = TestJournals.endOf(file);
    assertEquals(new JournalEnd(1, writer.digest(), Files.size(file), 0), end);

    disk.size = Integer.MAX_VALUE;
    assertEquals(
        error.getMessage(),
        assertThrows(RunFileException.class, () -> writer.append(more)).getMessage());
    assertEquals(
        error.getMessage(), assertThrows(RunFileException.class, writer::sync).getMessage());
  }

  @Test
  void aRecordThatCannotBeForcedIsNotAcknowledged() {
    JournalWriter writer = writer(FsyncKind.ALWAYS, 1);
    writer.append(List.of(new GroupReady(1)));
    int length = disk.content.size();
    disk.forceFails = true;

    assertThrows(RunFileException.class, () -> writer.append(List.of(new GroupReady(2))));

    assertEquals(1, writer.records());
    assertEquals(length, disk.content.size());
  }

  @Test
  void aFailureInTheBackgroundIsToldToTheNextCaller() throws InterruptedException {
    disk.forceFails = true;
    JournalWriter writer = writer(FsyncKind.BATCH, 1);
    writer.append(List.of(new GroupReady(1)));
    RunFileException error = null;
    while (error == null) {
      Thread.onSpinWait();
      try {
        writer.append(List.of());
      } catch (RunFileException e) {
        error = e;
      }
    }
    assertTrue(error.getMessage().startsWith("cannot write " + name + ": Input/output error"));
    writer.close();
  }
}
