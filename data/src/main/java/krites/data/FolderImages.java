package krites.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import krites.grpo.ImageRef;
import krites.grpo.port.ImageStore;

/**
 * Images that are files; a name is a path relative to the folder. Thread safe.
 *
 * @param folder where relative names begin
 */
public record FolderImages(Path folder) implements ImageStore {
  @Override
  public byte[] read(ImageRef image) throws IOException {
    Path file = folder.resolve(image.name());
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new IOException("image " + file + " cannot be read: " + e.getClass().getSimpleName(), e);
    }
  }
}
