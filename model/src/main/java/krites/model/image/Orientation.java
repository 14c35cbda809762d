package krites.model.image;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a camera was held: what EXIF tag 274 says, 1 to 8, and how the picture is turned upright.
 *
 * <p>Source: {@code ImageOps.exif_transpose} of Pillow 11, which transformers' {@code load_image}
 * calls: the EXIF tag first, then {@code tiff:Orientation} of XMP; what cannot be read means
 * upright.
 */
enum Orientation {
  UPRIGHT(false, false, false),
  MIRRORED(false, true, false),
  TURNED_HALF(false, true, true),
  FLIPPED(false, false, true),
  TRANSPOSED(true, false, false),
  TURNED_RIGHT(true, true, false),
  TRANSVERSED(true, true, true),
  TURNED_LEFT(true, false, true);

  private static final int TAG = 0x0112;
  private static final int SHORT = 3;
  private static final int LONG = 4;
  private static final Pattern XMP = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

  private final boolean swapsSides;
  private final boolean reversesColumns;
  private final boolean reversesRows;

  /**
   * First the sides are swapped, then the order of columns and of rows of the outcome is reversed.
   */
  Orientation(boolean swapsSides, boolean reversesColumns, boolean reversesRows) {
    this.swapsSides = swapsSides;
    this.reversesColumns = reversesColumns;
    this.reversesRows = reversesRows;
  }

  /** Whether the upright picture is as wide as the stored one is high. */
  boolean swapsSides() {
    return swapsSides;
  }

  private static Orientation of(long tag) {
    return tag >= 1 && tag <= values().length ? values()[(int) tag - 1] : UPRIGHT;
  }

  /** Of an EXIF block: a TIFF header with its first directory, in either byte order. */
  static Orientation ofExif(FileBytes file, int from, int to) {
    boolean little = file.startsWith(from, "II*\0");
    if (!little && !file.startsWith(from, "MM\0*") || to - from < 8) {
      return UPRIGHT;
    }
    long directory = from + (little ? file.u32Little(from + 4) : file.u32(from + 4));
    if (directory + 2 > to) {
      return UPRIGHT;
    }
    int entry = (int) directory + 2;
    int entries = little ? file.u16Little(entry - 2) : file.u16(entry - 2);
    for (int i = 0; i < entries && entry + 12 <= to; i++, entry += 12) {
      int tag = little ? file.u16Little(entry) : file.u16(entry);
      if (tag == TAG) {
        int type = little ? file.u16Little(entry + 2) : file.u16(entry + 2);
        return switch (type) {
          case SHORT -> of(little ? file.u16Little(entry + 8) : file.u16(entry + 8));
          case LONG -> of(little ? file.u32Little(entry + 8) : file.u32(entry + 8));
          default -> UPRIGHT;
        };
      }
    }
    return UPRIGHT;
  }

  /** Of an XMP block. */
  static Orientation ofXmp(FileBytes file, int from, int to) {
    String text = new String(file.bytes(), from, to - from, StandardCharsets.ISO_8859_1);
    Matcher found = XMP.matcher(text);
    return found.find() ? of(Integer.parseInt(found.group(1))) : UPRIGHT;
  }

  /** The picture upright; itself if it is. */
  DecodedImage apply(DecodedImage image) {
    if (this == UPRIGHT) {
      return image;
    }
    int width = swapsSides ? image.height() : image.width();
    int height = swapsSides ? image.width() : image.height();
    int channels = image.mode().channels();
    byte[] from = image.samples();
    byte[] samples = new byte[from.length];
    int at = 0;
    for (int y = 0; y < height; y++) {
      int row = reversesRows ? height - 1 - y : y;
      for (int x = 0; x < width; x++) {
        int column = reversesColumns ? width - 1 - x : x;
        int pixel = swapsSides ? column * image.width() + row : row * image.width() + column;
        for (int c = 0; c < channels; c++) {
          samples[at++] = from[pixel * channels + c];
        }
      }
    }
    return new DecodedImage(image.mode(), width, height, samples, image.palette());
  }
}
