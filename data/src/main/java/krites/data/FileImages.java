package krites.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import krites.grpo.ImageRef;
import krites.grpo.port.ImageStore;

/** Images that are files; the name is the path. Thread safe. */
public final class FileImages implements ImageStore {
  @Override
  public byte[] read(ImageRef image) throws IOException {
    try {
      return Files.readAllBytes(Path.of(image.name()));
    } catch (NoSuchFileException e) {
      throw new IOException("image " + image.name() + ": there is no such file", e);
    } catch (IOException | InvalidPathException e) {
      throw new IOException("image " + image.name() + " cannot be read: " + e.getMessage(), e);
    }
  }
}
