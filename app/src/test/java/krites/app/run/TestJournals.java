package krites.app.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import krites.app.config.RunConfig;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.RunState;

/** Journals on disk for tests. */
public final class TestJournals {
  public static final RunConfig.Journal NEVER = new RunConfig.Journal(RunConfig.FsyncKind.NEVER, 1);

  /** Who writes a folder that nobody else wants. */
  public static final RunLock.Claim ALONE = RunLock.Claim.ofThisProcess();

  static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-01-02T03:04:05.678Z"));

  private TestJournals() {}

  /** Writes a journal with events. */
  public static Path write(Path file, List<LedgerEvent> events) {
    try (JournalWriter writer = JournalWriter.open(file, JournalEnd.EMPTY, NEVER, CLOCK)) {
      writer.append(events);
    }
    return file;
  }

  /** Where a journal ends, with every line of it checked; empty if there is no such file. */
  static JournalEnd endOf(Path file) {
    if (!Files.exists(file)) {
      return JournalEnd.EMPTY;
    }
    try (JournalReader reader = JournalReader.open(file)) {
      reader.skip(Long.MAX_VALUE);
      return reader.end();
    }
  }

  /** Writes the summary of a run that has a journal. */
  public static void writeSummary(Path runFolder) {
    JournalEnd end = TestJournals.endOf(runFolder.resolve(RunDirectory.EVENTS));
    try {
      Files.writeString(
          runFolder.resolve(RunDirectory.SUMMARY),
          "{\"journal_records\":%d,\"journal_digest\":\"%s\"}"
              .formatted(end.records(), end.digest()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The sink of a played run that writes a run folder. */
  static PlayedRun.Sink into(RunDirectory directory) {
    CheckpointFiles checkpoints = directory.checkpointFiles();
    return new PlayedRun.Sink() {
      @Override
      public void events(List<LedgerEvent> events) {
        directory.journal().append(events);
      }

      @Override
      public void checkpoint(RunState state) {
        directory.journal().sync();
        checkpoints.write(state, new NothingToSave());
      }
    };
  }

  /** The sink of a played run that writes the journal of a run folder, but no checkpoints. */
  static PlayedRun.Sink eventsInto(RunDirectory directory) {
    return new PlayedRun.Sink() {
      @Override
      public void events(List<LedgerEvent> events) {
        directory.journal().append(events);
      }

      @Override
      public void checkpoint(RunState state) {}
    };
  }

  /**
   * A line with its checksum, bit by bit as docs/journal.md describes it and not as the code
   * computes it.
   */
  static String sealed(String body, String crcBefore) {
    return body + ",\"crc\":\"" + crc32c(crcBefore + body) + "\"}\n";
  }

  static String crc32c(String text) {
    int crc = -1;
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      crc ^= each & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc >>> 1) ^ ((crc & 1) * 0x82f63b78); // Castagnoli's polynomial, reversed
      }
    }
    return "%08x".formatted(~crc);
  }
}
