package krites.model.image;

import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.CRC32;

/**
 * A PNG: its chunks are read here, its pixels by the JDK's reader, which is given the chunks of the
 * picture and nothing else: compressed texts and profiles are never unpacked.
 *
 * <p>The stored samples are taken as they are: no colour profile, gamma or transparent colour is
 * applied, as in Pillow.
 *
 * @param depth bits a sample
 * @param colourType 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA
 * @param palette of colour type 3, three bytes for each of 256 colours; else empty
 * @param plain the file with nothing in it but the picture
 */
@SuppressWarnings("ArrayRecordComponent") // a step on the way that nobody compares
record PngFile(
    FileBytes file,
    ImageSize size,
    int depth,
    int colourType,
    byte[] palette,
    Orientation orientation,
    byte[] plain)
    implements ImageFile {
  private static final String SIGNATURE = "\u0089PNG\r\n\u001A\n";
  private static final int HEADER_BYTES = 13;
  private static final String XMP = "XML:com.adobe.xmp\0\0\0";

  static boolean matches(FileBytes file) {
    return file.startsWith(0, SIGNATURE);
  }

  static PngFile open(FileBytes file) {
    if (!file.startsWith(12, "IHDR") || file.u32(8) != HEADER_BYTES) {
      throw file.fault("PNG without a header chunk: the file is damaged or cut short");
    }
    ImageSize size = size(file);
    int depth = file.u8(24);
    int colourType = file.u8(25);
    requireKind(file, depth, colourType);
    byte[] palette = colourType == 3 ? new byte[3 * 256] : DecodedImage.NO_PALETTE;
    Orientation exif = Orientation.UPRIGHT;
    Orientation xmp = Orientation.UPRIGHT;
    ByteArrayOutputStream plain = new ByteArrayOutputStream(file.length() + 12);
    plain.write(file.bytes(), 0, SIGNATURE.length());
    int at = SIGNATURE.length();
    boolean hasPalette = false;
    boolean data = false;
    boolean ended = false;
    while (!ended && at + 8 <= file.length()) {
      long length = file.u32(at);
      int content = at + 8;
      file.require(content, length + 4);
      int end = content + (int) length;
      if (file.startsWith(at + 4, "eXIf")) {
        exif = Orientation.ofExif(file, content, end);
      } else if (file.startsWith(at + 4, "iTXt") && file.startsWith(content, XMP)) {
        xmp = Orientation.ofXmp(file, content + XMP.length(), end);
      } else if (isCritical(file, at)) {
        requireChecksum(file, at + 4, end);
        if (file.startsWith(at + 4, "PLTE")) {
          requirePalette(file, length);
          hasPalette = true;
          System.arraycopy(
              file.bytes(), content, palette, 0, Math.min((int) length, palette.length));
        }
        data |= file.startsWith(at + 4, "IDAT");
        ended = file.startsWith(at + 4, "IEND");
        plain.write(file.bytes(), at, (int) length + 12);
      }
      at = end + 4;
    }
    if (colourType == 3 && !hasPalette) {
      throw file.fault("PNG without its palette: the file is damaged");
    }
    if (!data) {
      throw file.fault("PNG is cut short: no picture data in it");
    }
    if (!ended) {
      plain.writeBytes(END);
    }
    Orientation orientation = exif == Orientation.UPRIGHT ? xmp : exif;
    return new PngFile(file, size, depth, colourType, palette, orientation, plain.toByteArray());
  }

  private static final byte[] END = {
    0, 0, 0, 0, 'I', 'E', 'N', 'D', (byte) 0xAE, 0x42, 0x60, (byte) 0x82
  };

  private static ImageSize size(FileBytes file) {
    long width = file.u32(16);
    long height = file.u32(20);
    if (width < 1 || height < 1 || width > Integer.MAX_VALUE || height > Integer.MAX_VALUE) {
      throw file.fault("PNG of " + width + "x" + height + " pixels: the file is damaged");
    }
    return new ImageSize((int) height, (int) width);
  }

  /** The combinations of the PNG specification, table 11.1. */
  private static void requireKind(FileBytes file, int depth, int colourType) {
    boolean known =
        switch (colourType) {
          case 0 -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
          case 3 -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
          case 2, 4, 6 -> depth == 8 || depth == 16;
          default -> false;
        };
    if (!known || file.u8(26) != 0 || file.u8(27) != 0 || file.u8(28) > 1) {
      throw file.fault(
          "PNG of colour type " + colourType + " and " + depth + " bits: the file is damaged");
    }
  }

  private static void requirePalette(FileBytes file, long length) {
    if (length == 0 || length > 3 * 256 || length % 3 != 0) {
      throw file.fault("PNG palette of " + length + " bytes: the file is damaged");
    }
  }

  /** Upper case says that the picture cannot be shown without this chunk. */
  private static boolean isCritical(FileBytes file, int at) {
    boolean critical = (file.u8(at + 4) & 0x20) == 0;
    boolean known =
        file.startsWith(at + 4, "IHDR")
            || file.startsWith(at + 4, "PLTE")
            || file.startsWith(at + 4, "IDAT")
            || file.startsWith(at + 4, "IEND");
    if (critical && !known) {
      throw file.fault("PNG with a critical chunk that nobody standardised; save it anew");
    }
    return known;
  }

  private static void requireChecksum(FileBytes file, int from, int end) {
    CRC32 checksum = new CRC32();
    checksum.update(file.bytes(), from, end - from);
    if (checksum.getValue() != file.u32(end)) {
      throw file.fault(
          "PNG chunk at byte " + (from - 4) + " has a wrong checksum: the file is damaged");
    }
  }

  @Override
  public int readerBytesPerPixel() {
    return depth == 16 ? 8 : 4;
  }

  @Override
  public DecodedImage decode() throws IOException {
    Raster raster = JdkReader.read("png", plain).image().getRaster();
    return switch (colourType) {
      case 0 -> grey(raster);
      case 2 -> picture(PixelMode.RGB, JdkReader.interleaved(raster, 3));
      case 3 -> picture(PixelMode.P, JdkReader.indices(raster));
      case 4 -> picture(PixelMode.LA, JdkReader.interleaved(raster, 2));
      case 6 -> picture(PixelMode.RGBA, JdkReader.interleaved(raster, 4));
      default -> throw new IllegalStateException("colour type " + colourType);
    };
  }

  private DecodedImage picture(PixelMode mode, byte[] samples) {
    return new DecodedImage(mode, size.width(), size.height(), samples, palette);
  }

  private DecodedImage grey(Raster raster) {
    if (depth != 16) {
      return picture(depth == 1 ? PixelMode.ONE : PixelMode.L, JdkReader.interleaved(raster, 1));
    }
    byte[] samples = new byte[Math.multiplyExact(size.width(), size.height())];
    int[] row = new int[size.width()];
    for (int y = 0; y < size.height(); y++) {
      raster.getSamples(0, y, row.length, 1, 0, row);
      for (int x = 0; x < row.length; x++) {
        samples[y * row.length + x] = (byte) Math.min(255, row[x]);
      }
    }
    return picture(PixelMode.I16, samples);
  }
}
