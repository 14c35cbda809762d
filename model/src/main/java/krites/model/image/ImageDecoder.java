package krites.model.image;

import java.io.IOException;
import java.util.Locale;

/**
 * Decodes PNG, JPEG, WebP, GIF and BMP files as Pillow 11 does and turns them upright; of several
 * frames the first counts. What a file is, its content tells and not its name.
 *
 * <p>The stored samples are taken as they are: no colour profile, gamma or transparency is applied.
 * Lossless files give Pillow's pixels exactly. Lossy ones do so wherever libjpeg and libwebp do
 * their default; versions of libjpeg may differ by a level or two where chroma is halved in height
 * only.
 *
 * <p>The picture is turned as its EXIF tag says, as transformers' {@code load_image} does before
 * the processor; EasyR1's own loader leaves that out, and shows its model such pictures lying on
 * their side.
 *
 * <p>Sizes are read from the header and compared with {@link DecodeLimit} before a pixel is
 * decoded.
 */
public final class ImageDecoder {
  private static final String EXPECTED = "expected a PNG, JPEG, WebP, GIF or BMP image, seen ";

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
    FileBytes bytes = new FileBytes(file, name);
    try {
      ImageFile picture = open(bytes);
      DecodeLimit.require(picture, bytes);
      return picture.orientation().apply(picture.decode());
    } catch (ImageException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // decoders meet damage with many kinds of it
      throw new ImageException(
          name + ": the image is damaged or cut short (" + firstLine(e) + "); fetch it again", e);
    }
  }

  /**
   * The size of the upright picture, from the header; no pixel is decoded.
   *
   * @param name named in errors
   * @throws ImageException if the bytes are no image
   */
  public static ImageSize size(byte[] file, String name) {
    ImageFile picture = open(new FileBytes(file, name));
    ImageSize size = picture.size();
    return picture.orientation().swapsSides() ? new ImageSize(size.width(), size.height()) : size;
  }

  private static ImageFile open(FileBytes file) {
    if (PngFile.matches(file)) {
      return PngFile.open(file);
    }
    if (JpegFile.matches(file)) {
      return JpegFile.open(file);
    }
    if (WebpFile.matches(file)) {
      return WebpFile.open(file);
    }
    if (GifFile.matches(file)) {
      return GifFile.open(file);
    }
    if (BmpFile.matches(file)) {
      return BmpFile.open(file);
    }
    throw file.fault(EXPECTED + describe(file));
  }

  /** The name of a format that people confuse with those above, else the first bytes. */
  private static String describe(FileBytes file) {
    if (file.length() == 0) {
      return "an empty file";
    }
    if (file.startsWith(4, "ftyp")) {
      return "HEIC, AVIF or a video; convert it to JPEG or PNG";
    }
    if (file.startsWith(0, "II*\0") || file.startsWith(0, "MM\0*")) {
      return "TIFF; convert it to PNG";
    }
    if (file.startsWith(0, "%PDF")) {
      return "PDF; convert the page to PNG";
    }
    if (file.startsWith(0, "<svg") || file.startsWith(0, "<?xml")) {
      return "SVG; convert it to PNG";
    }
    StringBuilder start = new StringBuilder();
    for (int i = 0; i < Math.min(8, file.length()); i++) {
      start.append(String.format(Locale.ROOT, " %02x", file.bytes()[i]));
    }
    return file.length() + " bytes that start with" + start;
  }

  private static String firstLine(Exception e) {
    String message = e.getMessage() == null ? "" : e.getMessage();
    return message.lines().findFirst().orElse(e.getClass().getSimpleName());
  }
}
