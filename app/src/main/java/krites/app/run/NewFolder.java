package krites.app.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder that appears as a whole or not at all. */
public final class NewFolder {
  private NewFolder() {}

  /**
   * Fills a hidden folder beside the final one, forces it to disk and renames it.
   *
   * @throws RunFileException if it cannot be written; nothing is left behind then
   */
  public static void write(Path folder, Checkpoints.Content content) {
    Path unfinished = folder.resolveSibling("." + folder.getFileName() + ".unfinished");
    try {
      DurableFiles.deleteTree(unfinished);
      Files.createDirectories(unfinished);
      try {
        content.writeTo(unfinished);
        DurableFiles.forceTree(unfinished);
        DurableFiles.publish(unfinished, folder);
      } finally {
        DurableFiles.deleteTree(unfinished);
      }
    } catch (IOException e) {
      throw new RunFileException("write", folder, e);
    }
  }
}
