package krites.app.eval;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import krites.app.InputError;
import krites.app.Sha256;
import krites.data.table.Shards;

/**
 * What tells two models or two data sets apart without reading all of them: names, lengths, and
 * blocks spread evenly over each file. Training moves every weight, so any block tells.
 */
final class Fingerprint {
  private static final int BLOCKS = 32;
  private static final int BLOCK_BYTES = 1 << 14;

  /** Letters of a fingerprint; a clash among a person's evaluations is out of the question. */
  private static final int LETTERS = 16;

  private Fingerprint() {}

  /** Of a file, or of the files of a folder that are not hidden. */
  static String of(Path place) {
    try {
      return of(files(place));
    } catch (IOException e) {
      throw new InputError(place + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Of the files of a data set.
   *
   * @param name as {@link Shards#of} takes it
   */
  static String ofData(String name) {
    try {
      return of(Shards.of(name));
    } catch (IOException e) {
      throw new InputError(name + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static String of(List<Path> files) throws IOException {
    MessageDigest digest = Sha256.begin();
    for (Path file : files) {
      digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
      update(digest, file);
    }
    return HexFormat.of().formatHex(digest.digest()).substring(0, LETTERS);
  }

  /** Of a text. */
  static String of(String text) {
    return Sha256.hex(text.getBytes(StandardCharsets.UTF_8)).substring(0, LETTERS);
  }

  private static List<Path> files(Path place) throws IOException {
    if (!Files.isDirectory(place)) {
      return List.of(place);
    }
    try (Stream<Path> files = Files.list(place)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    }
  }

  private static void update(MessageDigest digest, Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
      long step = Math.max(BLOCK_BYTES, size / BLOCKS);
      for (long at = 0; at < size; at += step) {
        ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
        channel.read(block, at);
        digest.update(block.flip());
      }
    }
  }
}
