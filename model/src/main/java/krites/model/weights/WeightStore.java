package krites.model.weights;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.SavedWeights;
import krites.model.qwen25vl.WeightLayout;
import krites.model.safetensors.SafetensorsCheckpoint;

/**
 * A folder of weight versions, one subfolder each with a {@code model.safetensors} in the number
 * type of those who read them.
 *
 * <p>A version appears only when it is complete (the file is renamed into place) and is never
 * changed; its SHA-256 goes with its name, so a reader knows that it has the bytes that were
 * written. Thread safe.
 */
public final class WeightStore {
  private static final String FILE = SafetensorsCheckpoint.SINGLE_FILE;
  private static final int READ_BYTES = 1 << 20;

  private final Path folder;
  private final Precision precision;

  /** What was written: the subfolder's name, and the digest of its file. */
  public record Published(String name, String sha256) {}

  /**
   * @param folder made if absent; versions of an earlier run in it are removed, since nobody can
   *     hold them
   * @param precision number type of the files: a rollout in bfloat16 is sent half the bytes, and
   *     loses nothing, since the rounding is the one that it would do itself
   */
  public WeightStore(Path folder, Precision precision) {
    this.folder = folder;
    this.precision = precision;
    try {
      Files.createDirectories(folder);
      try (DirectoryStream<Path> old = Files.newDirectoryStream(folder, "v*")) {
        for (Path version : old) {
          delete(version);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder + ": cannot prepare the weight folder: " + e.getMessage(), e);
    }
  }

  /** Writes the weights as version {@code name}; refuses a name that exists. */
  public Published publish(String name, SavedWeights weights) {
    Path version = folder.resolve(name);
    try {
      Files.createDirectory(version);
      weights.save(version, precision.file(), Long.MAX_VALUE);
      return new Published(name, digest(version.resolve(FILE)));
    } catch (IOException e) {
      throw new UncheckedIOException(version + ": cannot write weights: " + e.getMessage(), e);
    }
  }

  /**
   * Reads a version back and compares its digest.
   *
   * @throws UncheckedIOException if it is unreadable or differs
   */
  public void verify(String name, String sha256) {
    Path file = folder.resolve(name).resolve(FILE);
    try {
      String seen = digest(file);
      if (!seen.equals(sha256)) {
        throw new IOException("expected SHA-256 " + sha256 + ", found " + seen);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          file + ": published weights cannot be trusted: " + e.getMessage(), e);
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

  private static String digest(Path file) throws IOException {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), sha)) {
        byte[] buffer = new byte[READ_BYTES];
        while (in.read(buffer) >= 0) {
          continue;
        }
      }
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
