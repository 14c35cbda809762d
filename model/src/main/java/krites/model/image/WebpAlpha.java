package krites.model.image;

import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;

/** The alpha of a lossy WebP: stored plainly or losslessly, as differences from a prediction. */
final class WebpAlpha {
  private static final int PLAIN = 0;
  private static final int LOSSLESS = 1;
  private static final int HORIZONTAL = 1;
  private static final int VERTICAL = 2;
  private static final int GRADIENT = 3;

  private WebpAlpha() {}

  static byte[] read(FileBytes file, WebpFile.Chunk chunk, ImageSize size) throws IOException {
    int header = chunk.from() < chunk.to() ? file.u8(chunk.from()) : -1;
    int pixels = Math.multiplyExact(size.width(), size.height());
    byte[] alpha;
    switch (header & 3) {
      case PLAIN -> {
        if (chunk.to() - chunk.from() - 1 < pixels) {
          throw file.fault("WebP is damaged: its alpha is cut short");
        }
        alpha = Arrays.copyOfRange(file.bytes(), chunk.from() + 1, chunk.from() + 1 + pixels);
      }
      case LOSSLESS -> {
        long bits = size.width() - 1L | size.height() - 1L << 14;
        Raster raster = LosslessWebp.decode(file, bits, chunk.from() + 1, chunk.to());
        byte[] rgb = JdkReader.interleaved(raster, 3); // alpha is stored as green
        alpha = new byte[pixels];
        for (int i = 0; i < pixels; i++) {
          alpha[i] = rgb[3 * i + 1];
        }
      }
      default -> throw file.fault("WebP is damaged: its alpha is of an unknown kind");
    }
    undo(header >> 2 & 3, alpha, size.width());
    return alpha;
  }

  /** Adds the predictions: from the left, from above, or from both and the corner between. */
  private static void undo(int filter, byte[] alpha, int width) {
    for (int i = 0; filter != 0 && i < alpha.length; i++) {
      int x = i % width;
      int left = x > 0 ? alpha[i - 1] & 0xFF : 0;
      int above = i >= width ? alpha[i - width] & 0xFF : 0;
      int prediction;
      if (i < width) {
        prediction = left;
      } else if (x == 0) {
        prediction = above;
      } else {
        prediction =
            switch (filter) {
              case HORIZONTAL -> left;
              case VERTICAL -> above;
              case GRADIENT -> Math.clamp(left + above - (alpha[i - width - 1] & 0xFF), 0, 255);
              default -> throw new IllegalStateException("filter " + filter);
            };
      }
      alpha[i] += (byte) prediction;
    }
  }
}
