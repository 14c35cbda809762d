package krites.model.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;

/**
 * The first frame of a GIF on its screen, as Pillow shows it: around the frame lies the transparent
 * colour or colour 0, and the screen grows to hold the frame. The JDK's reader is given that frame
 * and nothing else.
 *
 * @param size of the screen
 * @param left of the frame on it
 * @param top of the frame on it
 * @param frame size of the frame
 * @param palette three bytes for each of 256 colours; empty if the palette is a ramp of grey
 * @param background what lies around the frame
 * @param plain the file with nothing in it but the frame
 */
@SuppressWarnings("ArrayRecordComponent") // a step on the way that nobody compares
record GifFile(
    FileBytes file,
    ImageSize size,
    int left,
    int top,
    ImageSize frame,
    byte[] palette,
    int background,
    byte[] plain)
    implements ImageFile {
  private static final int SCREEN_END = 13;
  private static final int FULL_TABLE = 0xF7; // a table of 256 colours follows

  static boolean matches(FileBytes file) {
    return file.startsWith(0, "GIF87a") || file.startsWith(0, "GIF89a");
  }

  static GifFile open(FileBytes file) {
    int flags = file.u8(10);
    int at = SCREEN_END;
    int globalBytes = tableBytes(flags);
    file.require(at, globalBytes);
    byte[] table = Arrays.copyOfRange(file.bytes(), at, at + globalBytes);
    at += globalBytes;
    int transparent = -1;
    while (true) {
      int kind = file.u8(at++);
      switch (kind) {
        case 0x21 -> { // an extension
          boolean control = file.u8(at) == 0xF9 && file.u8(at + 1) == 4;
          if (control) {
            transparent = (file.u8(at + 2) & 1) == 0 ? -1 : file.u8(at + 5);
          }
          at = skipBlocks(file, at + 1);
        }
        case 0x2C -> {
          return frame(file, at, table, transparent);
        }
        case 0x3B -> throw file.fault("GIF without a picture");
        default -> {} // Pillow skips such bytes as well
      }
    }
  }

  private static GifFile frame(FileBytes file, int at, byte[] globalTable, int transparent) {
    int left = file.u16Little(at);
    int top = file.u16Little(at + 2);
    int width = file.u16Little(at + 4);
    int height = file.u16Little(at + 6);
    int flags = file.u8(at + 8);
    int screenWidth = Math.max(file.u16Little(6), left + width);
    int screenHeight = Math.max(file.u16Little(8), top + height);
    if (width < 1 || height < 1) {
      throw file.fault("GIF whose frame is " + width + "x" + height + " pixels");
    }
    int data = at + 9 + tableBytes(flags);
    file.require(at + 9, tableBytes(flags));
    byte[] table =
        (flags & 0x80) == 0 ? globalTable : Arrays.copyOfRange(file.bytes(), at + 9, data);
    int codeBits = file.u8(data);
    if (codeBits < 1 || codeBits > 8) {
      throw file.fault("GIF of " + codeBits + " bits a colour: the file is damaged");
    }
    int end = skipBlocks(file, data + 1);
    return new GifFile(
        file,
        new ImageSize(screenHeight, screenWidth),
        left,
        top,
        new ImageSize(height, width),
        isRamp(table) ? DecodedImage.NO_PALETTE : Arrays.copyOf(table, 3 * 256),
        Math.max(0, transparent),
        plain(file, at, data, end));
  }

  private static int tableBytes(int flags) {
    return (flags & 0x80) == 0 ? 0 : 3 << (flags & 7) + 1;
  }

  /** Behind a chain of blocks, each led by its length, the last empty. */
  private static int skipBlocks(FileBytes file, int from) {
    int at = from;
    while (file.u8(at) != 0) {
      file.require(at + 1, file.u8(at));
      at += 1 + file.u8(at);
    }
    return at + 1;
  }

  /** Pillow takes a palette that says grey 0, 1, 2, ... for none. */
  private static boolean isRamp(byte[] table) {
    for (int i = 0; i < table.length; i++) {
      if (table[i] != (byte) (i / 3)) {
        return false;
      }
    }
    return true;
  }

  /** A screen of the frame's size with 256 colours, so that the reader gives indices of a byte. */
  private static byte[] plain(FileBytes file, int descriptor, int data, int end) {
    ByteArrayOutputStream plain = new ByteArrayOutputStream(end - data + 1024);
    plain.write(file.bytes(), 0, 6);
    plain.write(file.bytes(), descriptor + 4, 4);
    plain.write(FULL_TABLE);
    plain.write(0);
    plain.write(0);
    plain.writeBytes(new byte[3 * 256]);
    plain.write(0x2C);
    plain.writeBytes(new byte[4]);
    plain.write(file.bytes(), descriptor + 4, 4);
    plain.write(file.u8(descriptor + 8) & 0x40); // interlaced or not
    plain.write(file.bytes(), data, end - data);
    plain.write(0x3B);
    return plain.toByteArray();
  }

  @Override
  public int readerBytesPerPixel() {
    return 2;
  }

  @Override
  public Orientation orientation() {
    return Orientation.UPRIGHT;
  }

  @Override
  public DecodedImage decode() throws IOException {
    byte[] indices = JdkReader.indices(JdkReader.read("gif", plain).image().getRaster());
    byte[] screen = new byte[Math.multiplyExact(size.width(), size.height())];
    Arrays.fill(screen, (byte) background);
    for (int y = 0; y < frame.height(); y++) {
      System.arraycopy(
          indices, y * frame.width(), screen, (top + y) * size.width() + left, frame.width());
    }
    PixelMode mode = palette.length == 0 ? PixelMode.L : PixelMode.P;
    return new DecodedImage(mode, size.width(), size.height(), screen, palette);
  }
}
