package krites.app.run;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** File operations that leave either the old state or the new one, whatever stops the process. */
public final class DurableFiles {
  private DurableFiles() {}

  /** Replaces a file as a whole: written beside it, forced to disk, renamed. */
  public static void write(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Replaces a file as a whole: written beside it, forced to disk, renamed. */
  static void write(Path file, byte[]... parts) {
    replace(file, true, parts);
  }

  /**
   * Replaces a file as a whole without waiting for the disk: readers find the old content or the
   * new one, and after a loss of power perhaps neither.
   */
  static void replace(Path file, String text) {
    replace(file, false, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void replace(Path file, boolean durable, byte[]... parts) {
    Path temporary = temporary(file);
    try {
      try (OutputStream out = Files.newOutputStream(temporary)) {
        for (byte[] part : parts) {
          out.write(part);
        }
      }
      if (durable) {
        force(temporary, StandardOpenOption.WRITE);
      }
      put(temporary, file);
      if (durable) {
        forceFolderOf(file);
      }
    } catch (IOException e) {
      throw new RunFileException("write", file, e);
    }
  }

  /**
   * Adds a part of a file to the end of another, whole lines in both, and forces it to disk; the
   * other is made if it is not there.
   */
  static void append(FileChannel from, long start, long end, Path to) throws IOException {
    try (FileChannel side =
        FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (long at = start; at < end; ) {
        at += from.transferTo(at, end - at, side);
      }
      ByteBuffer last = ByteBuffer.allocate(1);
      if (from.read(last, end - 1) == 1 && last.get(0) != '\n') {
        side.write(ByteBuffer.wrap(new byte[] {'\n'}));
      }
      side.force(true);
    }
  }

  /** Puts a copy in the place of a file; nothing happens if it is not there. */
  static void renew(Path file) {
    if (!Files.exists(file)) {
      return;
    }
    Path copy = temporary(file);
    try {
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
      force(copy, StandardOpenOption.WRITE);
      put(copy, file);
      forceFolderOf(file);
    } catch (IOException e) {
      throw new RunFileException("replace", file, e);
    }
  }

  /** Puts a file in the place of another, at once; readers find the one or the other. */
  static void put(Path file, Path place) throws IOException {
    Files.move(file, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Path temporary(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".tmp");
  }

  /** Forces all files and folders below a folder to disk. */
  static void forceTree(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            force(file, StandardOpenOption.WRITE);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            force(visited, StandardOpenOption.READ);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Forces the name of a file to disk: after this it is found even when the power fails. */
  static void forceFolderOf(Path file) throws IOException {
    force(parent(file), StandardOpenOption.READ);
  }

  /** Makes a folder appear under its final name at once. */
  static void publish(Path temporary, Path folder) throws IOException {
    Files.move(temporary, folder, StandardCopyOption.ATOMIC_MOVE);
    force(parent(folder), StandardOpenOption.READ);
  }

  /** Deletes a file, or a folder with all that is in it; nothing happens if it is not there. */
  public static void deleteTree(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    List<Path> deepestFirst;
    try (var all = Files.walk(path)) {
      deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path each : deepestFirst) {
      Files.deleteIfExists(each);
    }
  }

  private static Path parent(Path path) {
    Path parent = path.toAbsolutePath().getParent();
    return parent == null ? path : parent;
  }

  private static void force(Path path, StandardOpenOption mode) throws IOException {
    try (FileChannel channel = FileChannel.open(path, mode)) {
      channel.force(true);
    }
  }
}
