package krites.model.safetensors;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Writing a file so that its name never stands for a half-written one. */
final class AtomicFile {
  private AtomicFile() {}

  /** What is written. */
  interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  /** Writes beside the target, forces it to the disk, then renames; on failure nothing stays. */
  static void write(Path target, Content content) throws IOException {
    write(target, true, content);
    forceDirectory(target.toAbsolutePath().resolveSibling("."));
  }

  /** As above for what nobody reads after a crash of the machine: it is not forced to the disk. */
  static void writeForReaders(Path target, Content content) throws IOException {
    write(target, false, content);
  }

  private static void write(Path target, boolean forced, Content content) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path temporary =
        absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel = FileChannel.open(temporary, CREATE_NEW, WRITE)) {
        content.writeTo(channel);
        if (forced) {
          channel.force(true);
        }
      }
      Files.move(temporary, absolute, ATOMIC_MOVE, REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /**
   * Makes the rename itself durable. Where a directory cannot be opened as a file this is left to
   * the system.
   */
  private static void forceDirectory(Path directory) throws IOException {
    if (!System.getProperty("os.name").startsWith("Windows")) {
      try (FileChannel channel = FileChannel.open(directory, READ)) {
        channel.force(true);
      }
    }
  }
}
