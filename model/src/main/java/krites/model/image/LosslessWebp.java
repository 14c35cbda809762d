package krites.model.image;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** Decodes a stream of lossless WebP by TwelveMonkeys, which is given a file of nothing else. */
final class LosslessWebp {
  static final int HEADER_BYTES = 5;
  static final int MARK = 0x2F;
  private static final int RIFF_BYTES = 20;

  private LosslessWebp() {}

  /**
   * The samples of a picture: four bands if the header promises alpha, else three.
   *
   * @param header 14 bits width less one, 14 bits height less one, whether there is alpha
   * @param from position of the stream behind the header
   */
  static Raster decode(FileBytes file, long header, int from, int to) throws IOException {
    int length = to - from + HEADER_BYTES;
    ByteBuffer plain = ByteBuffer.allocate(RIFF_BYTES + length + 1).order(ByteOrder.LITTLE_ENDIAN);
    plain.put(ascii("RIFF")).putInt(RIFF_BYTES - 8 + length + (length & 1)).put(ascii("WEBP"));
    plain.put(ascii("VP8L")).putInt(length).put((byte) MARK).putInt((int) header);
    plain.put(file.bytes(), from, to - from);
    ImageReader reader = new WebPImageReaderSpi().createReaderInstance(null);
    try (ImageInputStream stream = new ByteArrayImageInputStream(plain.array())) {
      reader.setInput(stream, true, true);
      return reader.read(0).getRaster();
    } finally {
      reader.dispose();
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
