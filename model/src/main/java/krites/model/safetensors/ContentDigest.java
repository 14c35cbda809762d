package krites.model.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/**
 * Digests of a checkpoint, each byte read once: SHA-256 of every file, and one of the content that
 * does not depend on how the tensors are spread over files.
 *
 * @param files SHA-256 of each file, by name, in hexadecimal
 * @param content SHA-256 over one line for each tensor in the order of the names: name, type,
 *     shape, and the SHA-256 of its bytes
 */
public record ContentDigest(Map<String, String> files, String content) {
  private static final int READ_BYTES = 4 << 20;

  /**
   * Reads everything, one file per thread.
   *
   * @param naming what a tensor is called, so that two ways of naming count as the same
   */
  public static ContentDigest of(
      SafetensorsCheckpoint checkpoint, UnaryOperator<String> naming, LoadProgress progress)
      throws IOException {
    Map<String, String> files = new ConcurrentHashMap<>();
    Map<String, String> tensors = new ConcurrentHashMap<>();
    AtomicLong done = new AtomicLong();
    long total = checkpoint.files().stream().mapToLong(SafetensorsFile::fileBytes).sum();
    Pieces.run(
        checkpoint.files().size(),
        READ_BYTES,
        (i, scratch) -> {
          SafetensorsFile file = checkpoint.files().get(i);
          MessageDigest whole = OrderedDigest.sha256();
          whole.update(file.head());
          done.addAndGet(file.fileBytes() - file.dataBytes());
          for (String name : file.names()) {
            TensorEntry entry = file.entry(name);
            MessageDigest own = OrderedDigest.sha256();
            for (long from = 0; from < entry.byteSize(); from += READ_BYTES) {
              MemorySegment part =
                  scratch.asSlice(0, Math.min(READ_BYTES, entry.byteSize() - from));
              file.read(entry, from, part);
              whole.update(part.asByteBuffer());
              own.update(part.asByteBuffer());
              progress.reached(done.addAndGet(part.byteSize()), total);
            }
            String line = entry.dtype() + " " + Arrays.toString(entry.shape()) + " " + hex(own);
            tensors.put(naming.apply(name), line);
          }
          files.put(String.valueOf(file.path().getFileName()), hex(whole));
        });
    MessageDigest content = OrderedDigest.sha256();
    new TreeMap<>(tensors)
        .forEach(
            (name, line) ->
                content.update((name + " " + line + "\n").getBytes(StandardCharsets.UTF_8)));
    return new ContentDigest(new TreeMap<>(files), hex(content));
  }

  private static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }
}
