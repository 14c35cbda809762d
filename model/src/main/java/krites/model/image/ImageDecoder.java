package krites.model.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG, JPEG and GIF files (of the last the first frame) as Pillow 11 does, by the JDK's own
 * readers.
 *
 * <p>The stored samples are taken as they are: no colour profile, gamma, transparency or
 * orientation tag is applied. Lossless files give Pillow's pixels exactly; JPEG decoders may differ
 * by one or two levels. Pictures with four printing colours (CMYK) are refused.
 */
public final class ImageDecoder {
  /**
   * Pillow's {@code MAX_IMAGE_PIXELS}: a file that claims more is taken for a decompression bomb.
   */
  static final long MAX_PIXELS = 89_478_485;

  /** Other formats of the JDK have layouts that nobody compared with Pillow. */
  private static final Set<String> FORMATS = Set.of("png", "jpeg", "gif");

  private ImageDecoder() {}

  /**
   * The picture in RGB, alpha dropped.
   *
   * @param name named in errors
   * @throws ImageException if the bytes are no readable image, or one with too many pixels
   */
  public static RgbImage decode(byte[] file, String name) {
    return decodeInOwnMode(file, name).toRgb();
  }

  /**
   * The picture in the mode in which its file stores it.
   *
   * @param name named in errors
   * @throws ImageException if the bytes are no readable image, or one with too many pixels
   */
  public static DecodedImage decodeInOwnMode(byte[] file, String name) {
    try (ImageInputStream stream =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
      if (!readers.hasNext()) {
        throw new ImageException(
            name + ": expected a PNG, JPEG or GIF image, seen " + describe(file));
      }
      ImageReader reader = readers.next();
      try {
        return decode(reader, stream, file, name);
      } finally {
        reader.dispose();
      }
    } catch (IOException e) {
      throw new ImageException(name + ": expected a readable image, seen: " + firstLine(e), e);
    } catch (ImageException e) {
      throw e;
    } catch (
        RuntimeException e) { // the JDK's readers meet damaged files with many kinds of exception
      throw new ImageException(
          name + ": expected a readable image, seen damaged data (" + firstLine(e) + ")", e);
    }
  }

  private static DecodedImage decode(
      ImageReader reader, ImageInputStream stream, byte[] file, String name) throws IOException {
    String format = reader.getFormatName().toLowerCase(Locale.ROOT);
    if (!FORMATS.contains(format)) {
      throw new ImageException(name + ": expected a PNG, JPEG or GIF image, seen " + format);
    }
    reader.setInput(stream, true, true);
    long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
    if (pixels > MAX_PIXELS) {
      throw new ImageException(
          name
              + ": expected at most "
              + MAX_PIXELS
              + " pixels, seen "
              + reader.getWidth(0)
              + "x"
              + reader.getHeight(0));
    }
    requireWhole(format, file, name, reader);
    BufferedImage image = reader.read(0);
    return format.equals("png") ? fromPng(image, file, name) : fromRaster(image, name);
  }

  /**
   * Refuses what the readers would silently complete: a JPEG without its end, a GIF frame smaller
   * than its screen.
   */
  private static void requireWhole(String format, byte[] file, String name, ImageReader reader)
      throws IOException {
    if (format.equals("jpeg") && !hasJpegEnd(file)) {
      throw new ImageException(
          name + ": expected a whole JPEG, seen no end marker (file truncated?)");
    }
    if (format.equals("gif")) {
      int screenWidth = (file[6] & 0xFF) | (file[7] & 0xFF) << 8;
      int screenHeight = (file[8] & 0xFF) | (file[9] & 0xFF) << 8;
      if (screenWidth != reader.getWidth(0) || screenHeight != reader.getHeight(0)) {
        throw new ImageException(
            name
                + ": expected a GIF whose first frame fills its screen of "
                + screenWidth
                + "x"
                + screenHeight
                + ", seen a frame of "
                + reader.getWidth(0)
                + "x"
                + reader.getHeight(0));
      }
    }
  }

  private static boolean hasJpegEnd(byte[] file) {
    for (int i = file.length - 2; i >= 2; i--) {
      if ((file[i] & 0xFF) == 0xFF && (file[i + 1] & 0xFF) == 0xD9) {
        return true;
      }
    }
    return false;
  }

  /**
   * A PNG says in its first chunk how its samples are stored: byte 24 the bit depth, byte 25 the
   * colour type.
   */
  private static DecodedImage fromPng(BufferedImage image, byte[] file, String name) {
    int depth = file[24];
    int colourType = file[25];
    Raster raster = image.getRaster();
    return switch (colourType) {
      case 0 -> greyPng(raster, depth);
      case 2 -> interleaved(PixelMode.RGB, raster, depth);
      case 3 -> fromPalette(image, name);
      case 4 -> interleaved(PixelMode.LA, raster, depth);
      case 6 -> interleaved(PixelMode.RGBA, raster, depth);
      default ->
          throw new ImageException(name + ": expected a PNG colour type, seen " + colourType);
    };
  }

  private static DecodedImage greyPng(Raster raster, int depth) {
    PixelMode mode = depth == 1 ? PixelMode.ONE : depth == 16 ? PixelMode.I16 : PixelMode.L;
    int bits =
        raster
            .getSampleModel()
            .getSampleSize(0); // with a transparent level the reader has spread it already
    int scale = bits < 8 ? 255 / ((1 << bits) - 1) : 1;
    int width = raster.getWidth();
    byte[] samples = new byte[width * raster.getHeight()];
    int[] row = new int[width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getSamples(0, y, width, 1, 0, row);
      for (int x = 0; x < width; x++) {
        samples[y * width + x] = (byte) Math.min(255, row[x] * scale);
      }
    }
    return new DecodedImage(mode, width, raster.getHeight(), samples, DecodedImage.NO_PALETTE);
  }

  /**
   * Takes the first bands of the raster as they are; of 16 bit samples the upper byte, as Pillow
   * does.
   */
  private static DecodedImage interleaved(PixelMode mode, Raster raster, int depth) {
    int width = raster.getWidth();
    int bands = raster.getNumBands();
    int channels = mode.channels();
    int shift = depth == 16 ? 8 : 0;
    byte[] samples = new byte[width * raster.getHeight() * channels];
    int[] row = new int[width * bands];
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
          samples[at++] = (byte) (row[x * bands + c] >> shift);
        }
      }
    }
    return new DecodedImage(mode, width, raster.getHeight(), samples, DecodedImage.NO_PALETTE);
  }

  private static DecodedImage fromPalette(BufferedImage image, String name) {
    if (!(image.getColorModel() instanceof IndexColorModel colours)) {
      throw new ImageException(name + ": expected a palette, seen none");
    }
    byte[] palette = new byte[3 * 256];
    for (int i = 0; i < Math.min(256, colours.getMapSize()); i++) {
      palette[3 * i] = (byte) colours.getRed(i);
      palette[3 * i + 1] = (byte) colours.getGreen(i);
      palette[3 * i + 2] = (byte) colours.getBlue(i);
    }
    Raster raster = image.getRaster();
    int width = raster.getWidth();
    byte[] samples = new byte[width * raster.getHeight()];
    int[] row = new int[width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getSamples(0, y, width, 1, 0, row);
      for (int x = 0; x < width; x++) {
        samples[y * width + x] = (byte) row[x];
      }
    }
    return new DecodedImage(PixelMode.P, width, raster.getHeight(), samples, palette);
  }

  private static DecodedImage fromRaster(BufferedImage image, String name) {
    if (image.getColorModel() instanceof IndexColorModel) {
      return fromPalette(image, name);
    }
    return switch (image.getRaster().getNumBands()) {
      case 1 -> interleaved(PixelMode.L, image.getRaster(), 8);
      case 3 -> interleaved(PixelMode.RGB, image.getRaster(), 8);
      default ->
          throw new ImageException(
              name + ": expected 1 or 3 colour channels, seen " + image.getRaster().getNumBands());
    };
  }

  private static String describe(byte[] file) {
    if (file.length == 0) {
      return "an empty file";
    }
    StringBuilder start = new StringBuilder();
    for (int i = 0; i < Math.min(8, file.length); i++) {
      start.append(String.format(" %02x", file[i]));
    }
    return file.length + " bytes that start with" + start;
  }

  private static String firstLine(Exception e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return message.lines().findFirst().orElse(e.getClass().getSimpleName());
  }
}
