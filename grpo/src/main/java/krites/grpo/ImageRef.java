package krites.grpo;

/**
 * The name of an image; an {@link krites.grpo.port.ImageStore} turns it into the bytes of an image
 * file.
 */
public record ImageRef(String name) {
  public ImageRef {
    if (name.isBlank()) {
      throw new IllegalArgumentException("an image needs a name");
    }
  }
}
