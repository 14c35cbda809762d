package krites.model.weights;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.SavedWeights;
import krites.model.qwen25vl.WeightLayout;
import krites.model.safetensors.FileDigest;
import krites.model.safetensors.SafetensorsCheckpoint;
import krites.model.safetensors.SafetensorsWriter;
import org.jspecify.annotations.Nullable;

/**
 * A folder of weight versions, one subfolder each with a {@code model.safetensors} in the number
 * type of those who read them.
 *
 * <p>A version appears only when it is complete (the file is renamed into place) and is never
 * changed; its SHA-256 goes with its name, so a reader knows that it has the bytes that were
 * written. It is taken of the bytes on their way to the file, and reading the file back is left to
 * {@link #verify}. Versions do not outlive the process, so they are not forced to the disk. Thread
 * safe.
 */
public final class WeightStore {
  private static final String FILE = SafetensorsCheckpoint.SINGLE_FILE;

  /** No file system writes the time of a change more coarsely (FAT: 2 s). */
  private static final Duration CLOCK_STEP = Duration.ofSeconds(2);

  private final Path folder;
  private final Precision precision;
  private final Map<String, Reading> readings = new ConcurrentHashMap<>();

  /** What was written: the subfolder's name, and the digest of its file. */
  public record Published(String name, String sha256) {}

  /**
   * @param folder made if absent; versions of an earlier run in it are removed, since nobody can
   *     hold them
   * @param precision number type of the files: a rollout in bfloat16 is sent half the bytes, and
   *     loses nothing, since the rounding is the one that it would do itself
   */
  public WeightStore(Path folder, Precision precision) {
    this(precision, folder);
    clear(folder);
  }

  private WeightStore(Precision precision, Path folder) {
    this.folder = folder;
    this.precision = precision;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder + ": cannot prepare the weight folder: " + e.getMessage(), e);
    }
  }

  /** A folder that other processes write to or read from: what lies in it stays. */
  public static WeightStore shared(Path folder, Precision precision) {
    return new WeightStore(precision, folder);
  }

  /** Removes every version in a folder: nobody holds any of them. */
  public static void clear(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        return;
      }
      try (DirectoryStream<Path> old = Files.newDirectoryStream(folder, "v*")) {
        for (Path version : old) {
          delete(version);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder + ": cannot clear the weight folder: " + e.getMessage(), e);
    }
  }

  /**
   * Writes the weights as version {@code name}; refuses a name that exists. What could not be
   * written leaves nothing behind, so that the same name can be written later.
   */
  public Published publish(String name, SavedWeights weights) {
    Path version = folder.resolve(name);
    try {
      Files.createDirectory(version);
      return new Published(name, write(version, weights));
    } catch (FileAlreadyExistsException e) {
      throw new UncheckedIOException(version + ": cannot write weights: it is there already", e);
    } catch (IOException e) {
      throw new UncheckedIOException(version + ": cannot write weights: " + e.getMessage(), e);
    }
  }

  /** Fills a folder that was made for it, or removes it. */
  private String write(Path version, SavedWeights weights) throws IOException {
    boolean written = false;
    try {
      String sha256 =
          SafetensorsWriter.writeForReaders(
              version.resolve(FILE), weights.outgoing(precision.file()), SafetensorsWriter.PYTORCH);
      written = true;
      return sha256;
    } finally {
      if (!written) {
        forget(version);
      }
    }
  }

  private static void forget(Path version) {
    try {
      delete(version);
    } catch (IOException _) {
      // Why it could not be written is the trouble to tell; a later attempt tells of this one.
    }
  }

  /**
   * Reads a version back and compares its digest. A file that this store has read already, and that
   * was not touched since, is not read again: several workers beside each other cost one reading.
   *
   * @throws UncheckedIOException if it is unreadable or differs
   */
  public void verify(String name, String sha256) {
    Path file = folder.resolve(name).resolve(FILE);
    try {
      Optional<Reading> known = Optional.ofNullable(readings.get(name));
      if (known.isPresent() && known.get().equals(Reading.of(file, sha256))) {
        return;
      }
      Reading before = Reading.of(file, sha256);
      String seen = FileDigest.sha256(file);
      if (!seen.equals(sha256)) {
        throw new IOException("expected SHA-256 " + sha256 + ", found " + seen);
      }
      if (before.equals(Reading.of(file, sha256)) && before.isOld()) {
        readings.put(name, before);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          file + ": published weights cannot be trusted: " + e.getMessage(), e);
    }
  }

  /**
   * A version came into the folder by other hands, which compared every byte of it: it is not read
   * again before it is loaded.
   *
   * @param sha256 of its file
   * @throws UncheckedIOException if it is not there
   */
  public void accept(String name, String sha256) {
    Path file = folder.resolve(name).resolve(FILE);
    try {
      readings.put(name, Reading.of(file, sha256));
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": no weights: " + e.getMessage(), e);
    }
  }

  /**
   * A file as it was when it was read and found right.
   *
   * @param key what the system tells files apart by, where it does
   */
  private record Reading(String sha256, @Nullable Object key, long bytes, FileTime changed) {
    static Reading of(Path file, String sha256) throws IOException {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return new Reading(sha256, now.fileKey(), now.size(), now.lastModifiedTime());
    }

    /** Whether a later change would be seen by its time. */
    boolean isOld() {
      return Duration.between(changed.toInstant(), Instant.now()).compareTo(CLOCK_STEP) > 0;
    }
  }

  /**
   * Loads a version that was verified; the caller owns the result and does not change it. Where the
   * file has the wanted type, its bytes are the tensors, even after the version was retired.
   */
  public NetworkWeights load(
      String name, WeightLayout layout, Precision precision, NDManager parent) {
    return NetworkWeights.map(folder.resolve(name), layout, precision, parent);
  }

  /** Removes a version that nobody needs any more; unknown names are ignored. */
  public void retire(String name) {
    readings.remove(name);
    try {
      delete(folder.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder.resolve(name) + ": cannot remove: " + e.getMessage(), e);
    }
  }

  private static void delete(Path version) throws IOException {
    if (!Files.isDirectory(version)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(version)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(version);
  }
}
