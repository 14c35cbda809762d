package krites.grpo.port;

import java.io.IOException;
import krites.grpo.ImageRef;

/** Where the bytes of images come from. Thread safe. */
public interface ImageStore {
  /**
   * The bytes of an image file (PNG, JPEG, ...), encoded as on disk.
   *
   * @throws IOException if there is no such image or it cannot be read; the message names it
   */
  byte[] read(ImageRef image) throws IOException;
}
