package krites.app.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;
import krites.actors.wire.BatchCodec;
import krites.app.InputError;
import krites.grpo.TrainingBatch;

/**
 * The batches that a run trained, one file each, so that its weights can be made again without any
 * rollout; beside them the settings that each term of the learner began with.
 *
 * <p>A file is named {@code step-000012-t0.bin} after its step and the term of the version that was
 * trained. Layout, all numbers big-endian: {@value #MAGIC} (8 bytes); version of this layout (4);
 * the name of the body's form, filled up with zeros (16); length of the body (8); CRC-32C of all
 * other bytes (4); the body, as {@link BatchCodec} writes it. Files of undone steps stay: the
 * journal says which count.
 */
public final class BatchFiles {
  private static final String MAGIC = "KRITESTB";
  private static final int LAYOUT = 1;
  private static final int FORM_BYTES = 16;
  private static final int HEADER_BYTES = 8 + 4 + FORM_BYTES + 8;
  private static final int CRC_BYTES = 4;

  private final Path folder;

  /**
   * @param runFolder the folder of the run; the folder of the batches is made with the first one
   */
  public BatchFiles(Path runFolder) {
    this.folder = runFolder.resolve("batches");
  }

  /**
   * Writes a batch; a file of the same name is replaced.
   *
   * @throws RunFileException if that fails; nothing half-written stays under the final name
   */
  public void write(TrainingBatch batch) {
    byte[] body = BatchCodec.encode(batch);
    byte[] header =
        ByteBuffer.allocate(HEADER_BYTES)
            .put(MAGIC.getBytes(StandardCharsets.US_ASCII))
            .putInt(LAYOUT)
            .put(formBytes())
            .putLong(body.length)
            .array();
    byte[] crc = ByteBuffer.allocate(CRC_BYTES).putInt(crc(header, body, 0)).array();
    DurableFiles.write(
        made().resolve(name(batch.step(), batch.policy().term())), header, crc, body);
  }

  /**
   * Keeps the settings that a term begins with; they stay as they are when it is asked again.
   *
   * @param config the resolved configuration
   * @throws RunFileException if that fails
   */
  public void keepSettings(long term, Path config) {
    Path file = made().resolve(settingsName(term));
    if (Files.exists(file)) {
      return;
    }
    try {
      DurableFiles.write(file, Files.readString(config));
    } catch (IOException e) {
      throw new RunFileException("read", config, e);
    }
  }

  /**
   * The configuration file that a term began with.
   *
   * @throws InputError if there is none
   */
  public Path settings(long term) {
    Path file = folder.resolve(settingsName(term));
    if (!Files.isRegularFile(file)) {
      throw new InputError(
          file
              + " is missing: the settings under which term "
              + term
              + " was trained"
              + notRecorded());
    }
    return file;
  }

  /**
   * The batch of a step.
   *
   * @throws InputError if the file is missing, damaged, of another layout or another batch's; the
   *     message names it
   */
  public TrainingBatch read(long step, long term) {
    Path file = folder.resolve(name(step, term));
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new InputError(file + " is missing: the batch of step " + step + notRecorded(), e);
    } catch (IOException e) {
      throw new InputError(RunFileException.message("read", file, e), e);
    }
    try {
      TrainingBatch batch = BatchCodec.decode(body(bytes));
      if (batch.step() != step || batch.policy().term() != term) {
        throw new IOException(
            "it holds the batch of step " + batch.step() + " for " + batch.policy());
      }
      return batch;
    } catch (IOException e) {
      throw new InputError(file + " cannot be used: " + e.getMessage(), e);
    }
  }

  private static byte[] body(byte[] bytes) throws IOException {
    boolean ours =
        bytes.length >= MAGIC.length()
            && new String(bytes, 0, MAGIC.length(), StandardCharsets.US_ASCII).equals(MAGIC);
    require(ours, "it is no recorded batch");
    require(bytes.length >= HEADER_BYTES + CRC_BYTES, "its header is cut short");
    ByteBuffer header = ByteBuffer.wrap(bytes, MAGIC.length(), HEADER_BYTES - MAGIC.length());
    int layout = header.getInt();
    require(layout == LAYOUT, "expected layout " + LAYOUT + ", found " + layout);
    byte[] form = new byte[FORM_BYTES];
    header.get(form);
    String formName = new String(form, StandardCharsets.US_ASCII).trim();
    long length = header.getLong();
    long found = bytes.length - HEADER_BYTES - CRC_BYTES;
    require(found == length, "expected " + length + " bytes after the header, found " + found);
    byte[] start = Arrays.copyOf(bytes, HEADER_BYTES);
    int expected = ByteBuffer.wrap(bytes, HEADER_BYTES, CRC_BYTES).getInt();
    int crc = crc(start, bytes, HEADER_BYTES + CRC_BYTES);
    require(crc == expected, String.format("expected CRC-32C %08x, found %08x", expected, crc));
    require(
        formName.equals(BatchCodec.FORM),
        "expected form "
            + BatchCodec.FORM
            + ", found "
            + formName
            + " of another version of Krites");
    return Arrays.copyOfRange(bytes, HEADER_BYTES + CRC_BYTES, bytes.length);
  }

  private static void require(boolean holds, String trouble) throws IOException {
    if (!holds) {
      throw new IOException(trouble);
    }
  }

  private static int crc(byte[] header, byte[] bytes, int from) {
    CRC32C crc = new CRC32C();
    crc.update(header);
    crc.update(bytes, from, bytes.length - from);
    return (int) crc.getValue();
  }

  private static byte[] formBytes() {
    return Arrays.copyOf(BatchCodec.FORM.getBytes(StandardCharsets.US_ASCII), FORM_BYTES);
  }

  private static String name(long step, long term) {
    return String.format(Locale.ROOT, "step-%06d-t%d.bin", step, term);
  }

  private static String settingsName(long term) {
    return "settings-t" + term + ".conf";
  }

  private static String notRecorded() {
    return " was not recorded; was record.batches = false?";
  }

  private Path made() {
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw new RunFileException("create", folder, e);
    }
  }
}
