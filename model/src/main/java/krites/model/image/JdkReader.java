package krites.model.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;

/**
 * The JDK's own image readers, asked for by format: what other plugins are on the class path does
 * not matter, nothing is written to a temporary file, and no window system is needed.
 */
final class JdkReader {
  /** Where the JDK keeps its readers; other plugins may offer the same formats. */
  private static final String JDK_PACKAGE = "com.sun.imageio.";

  private JdkReader() {}

  /** What a reader made of a file. */
  record Picture(BufferedImage image, List<String> warnings) {}

  /** Reads a picture as the format's own kind of image. */
  static Picture read(String format, byte[] file) throws IOException {
    ImageReader reader = reader(format);
    List<String> warnings = new ArrayList<>();
    try (ImageInputStream stream = new ByteArrayImageInputStream(file)) {
      reader.addIIOReadWarningListener((_, warning) -> warnings.add(warning));
      reader.setInput(stream, true, true);
      return new Picture(reader.read(0), List.copyOf(warnings));
    } finally {
      reader.dispose();
    }
  }

  /**
   * Reads the samples of a JPEG.
   *
   * @param warnings receives what the library complains about
   */
  static Raster readRaster(String format, byte[] file, List<String> warnings) throws IOException {
    ImageReader reader = reader(format);
    try (ImageInputStream stream = new ByteArrayImageInputStream(file)) {
      reader.addIIOReadWarningListener((_, warning) -> warnings.add(warning));
      reader.setInput(stream, true, true);
      return reader.readRaster(0, null);
    } finally {
      reader.dispose();
    }
  }

  private static ImageReader reader(String format) throws IOException {
    Iterator<ImageReaderSpi> providers =
        IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
    while (providers.hasNext()) {
      ImageReaderSpi provider = providers.next();
      if (provider.getClass().getName().startsWith(JDK_PACKAGE)
          && List.of(provider.getFormatNames()).contains(format.toLowerCase(Locale.ROOT))) {
        return provider.createReaderInstance();
      }
    }
    throw new IllegalStateException("this Java has no reader for " + format);
  }

  /**
   * The first bands of a raster, pixel after pixel. Samples of fewer than 8 bits are spread, of 16
   * bits the upper byte is taken, as Pillow does. A raster that lies so already is not copied.
   */
  static byte[] interleaved(Raster raster, int channels) {
    if (raster.getSampleModel() instanceof PixelInterleavedSampleModel model
        && raster.getDataBuffer() instanceof DataBufferByte buffer
        && model.getPixelStride() == channels
        && model.getScanlineStride() == channels * raster.getWidth()
        && inOrder(model.getBandOffsets())
        && buffer.getNumBanks() == 1
        && buffer.getOffset() == 0
        && buffer.getSize() == channels * raster.getWidth() * raster.getHeight()) {
      return buffer.getData();
    }
    int width = raster.getWidth();
    int bands = raster.getNumBands();
    int[] size = raster.getSampleModel().getSampleSize();
    byte[] samples = new byte[Math.multiplyExact(width * channels, raster.getHeight())];
    int[] row = new int[width * bands];
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
          samples[at++] = toByte(row[x * bands + c], size[c]);
        }
      }
    }
    return samples;
  }

  private static byte toByte(int sample, int bits) {
    return (byte) (bits == 8 ? sample : bits > 8 ? sample >> bits - 8 : spread(sample, bits));
  }

  private static int spread(int sample, int bits) {
    return sample * 255 / ((1 << bits) - 1);
  }

  private static boolean inOrder(int[] offsets) {
    for (int i = 0; i < offsets.length; i++) {
      if (offsets[i] != i) {
        return false;
      }
    }
    return true;
  }

  /** The raw numbers of a one-band raster, for palettes. */
  static byte[] indices(Raster raster) {
    int width = raster.getWidth();
    byte[] samples = new byte[Math.multiplyExact(width, raster.getHeight())];
    int[] row = new int[width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getSamples(0, y, width, 1, 0, row);
      for (int x = 0; x < width; x++) {
        samples[y * width + x] = (byte) row[x];
      }
    }
    return samples;
  }
}
