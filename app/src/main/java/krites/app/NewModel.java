package krites.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import krites.app.display.ByteProgress;
import krites.app.display.Terminal;
import krites.app.run.NewFolder;
import krites.model.safetensors.LoadProgress;

/** A model directory that a command writes: it appears whole, or not at all. */
final class NewModel {
  /** Fills the directory. */
  interface Content {
    void writeTo(Path directory, LoadProgress progress) throws IOException;
  }

  private NewModel() {}

  /**
   * Refuses a directory that holds something.
   *
   * @throws InputError if it does
   */
  static void requireFree(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        if (files.findAny().isEmpty()) {
          return;
        }
      } catch (IOException e) {
        throw new InputError("--out " + directory + " cannot be read: " + e.getMessage(), e);
      }
    }
    throw new InputError("--out " + directory + " exists already; name a new directory");
  }

  /** Writes beside it, forces all to disk, renames; a bar on standard error while it takes long. */
  static void write(Path directory, String deed, Content content) {
    Path absolute = directory.toAbsolutePath().normalize();
    try (ByteProgress bar = new ByteProgress(Terminal.standardError(), deed, System::nanoTime)) {
      NewFolder.write(absolute, folder -> content.writeTo(folder, bar));
    }
  }
}
