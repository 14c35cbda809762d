package krites.rollout;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import krites.model.image.ProcessedImage;
import krites.model.image.RgbImage;

/** An image by its content: the SHA-256 of the pixels that were cut into patches. */
record ImageKey(String sha256) {
  static ImageKey of(ProcessedImage image) {
    RgbImage pixels = image.resized();
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(ByteBuffer.allocate(8).putInt(pixels.width()).putInt(pixels.height()).flip());
      sha.update(pixels.rgb());
      return new ImageKey(HexFormat.of().formatHex(sha.digest()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
