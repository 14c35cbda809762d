package krites.app.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder for what nobody needs afterwards; gone with all that is in it when it is closed. */
public final class ScratchFolder implements AutoCloseable {
  private final Path path;

  private ScratchFolder(Path path) {
    this.path = path;
  }

  /**
   * A new folder where the system keeps temporary files.
   *
   * @param name what its name begins with
   * @throws RunFileException if it cannot be made
   */
  public static ScratchFolder make(String name) {
    try {
      return new ScratchFolder(Files.createTempDirectory(name));
    } catch (IOException e) {
      throw new RunFileException("create", Path.of(System.getProperty("java.io.tmpdir", "")), e);
    }
  }

  /**
   * A new folder below another, which is made if absent.
   *
   * @param name what its name begins with
   * @throws RunFileException if it cannot be made
   */
  public static ScratchFolder make(Path below, String name) {
    try {
      return new ScratchFolder(Files.createTempDirectory(Files.createDirectories(below), name));
    } catch (IOException e) {
      throw new RunFileException("create", below, e);
    }
  }

  public Path path() {
    return path;
  }

  @Override
  public void close() {
    try {
      DurableFiles.deleteTree(path);
    } catch (IOException e) {
      throw new RunFileException("remove", path, e);
    }
  }
}
