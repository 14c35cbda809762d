package krites.model.image.vp8;

/** A frame that cannot be decoded; the message goes on after "WebP is damaged: ". */
public final class Vp8Exception extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Vp8Exception(String message) {
    super(message);
  }
}
