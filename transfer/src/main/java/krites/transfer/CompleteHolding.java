package krites.transfer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** All files of a content, which nobody changes. They may be deleted while they are served. */
final class CompleteHolding implements Holding {
  private final Manifest manifest;
  private final List<FileChannel> files = new ArrayList<>();

  /** Opens the files of a folder, whose lengths must be those of the manifest. */
  CompleteHolding(Path folder, Manifest manifest) throws IOException {
    this.manifest = manifest;
    try {
      for (Manifest.Entry entry : manifest.files()) {
        Path path = folder.resolve(entry.name());
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        files.add(file);
        if (file.size() != entry.bytes()) {
          throw new TransferException(
              path + " has " + file.size() + " bytes, expected " + entry.bytes());
        }
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  @Override
  public Manifest manifest() {
    return manifest;
  }

  @Override
  public FileChannel file(int index) {
    return files.get(index);
  }

  @Override
  public Chunk await(int file, int chunk, Duration most) {
    return files.get(file).isOpen() ? Chunk.HERE : Chunk.NEVER;
  }

  @Override
  public void close() throws IOException {
    for (FileChannel file : files) {
      file.close();
    }
  }
}
