package krites.model.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;

/** A BMP: its header is looked at here, its pixels are read by the JDK. */
record BmpFile(FileBytes file, ImageSize size) implements ImageFile {
  private static final int CORE_HEADER = 12;
  private static final int INFO_HEADER = 40;

  static boolean matches(FileBytes file) {
    return file.startsWith(0, "BM");
  }

  static BmpFile open(FileBytes file) {
    long header = file.u32Little(14);
    file.require(14, header);
    if (header != CORE_HEADER && header < INFO_HEADER) {
      throw file.fault("BMP with a header of " + header + " bytes; save it anew as PNG");
    }
    boolean core = header == CORE_HEADER;
    long width = core ? file.u16Little(18) : (int) file.u32Little(18);
    long height = core ? file.u16Little(20) : Math.abs((int) file.u32Little(22));
    if (width < 1 || height < 1 || height > Integer.MAX_VALUE) {
      throw file.fault("BMP of " + width + "x" + height + " pixels: the file is damaged");
    }
    int bits = file.u16Little(core ? 24 : 28);
    long colours = core ? 0 : file.u32Little(46);
    if (colours > 256 && bits <= 8 || file.u32Little(10) > file.length()) {
      throw file.fault("BMP whose palette or pixels lie outside of the file: it is damaged");
    }
    file.require(14, 4 * colours); // what the reader would reserve for the palette
    return new BmpFile(file, new ImageSize((int) height, (int) width));
  }

  @Override
  public int readerBytesPerPixel() {
    return 4;
  }

  @Override
  public Orientation orientation() {
    return Orientation.UPRIGHT;
  }

  @Override
  public DecodedImage decode() throws IOException {
    BufferedImage image = JdkReader.read("bmp", file.bytes()).image();
    if (image.getColorModel() instanceof IndexColorModel colours) {
      return fromPalette(image, colours);
    }
    PixelMode mode =
        switch (image.getRaster().getNumBands()) {
          case 1 -> PixelMode.L; // what the reader makes of a palette of all greys
          case 4 -> PixelMode.RGBA;
          default -> PixelMode.RGB;
        };
    byte[] samples = JdkReader.interleaved(image.getRaster(), mode.channels());
    return picture(mode, samples, DecodedImage.NO_PALETTE);
  }

  /** Pillow takes a palette that is a ramp of grey for none. */
  private DecodedImage fromPalette(BufferedImage image, IndexColorModel colours) {
    byte[] indices = JdkReader.indices(image.getRaster());
    byte[] palette = new byte[3 * 256];
    int count = Math.min(256, colours.getMapSize());
    boolean ramp = true;
    for (int i = 0; i < count; i++) {
      palette[3 * i] = (byte) colours.getRed(i);
      palette[3 * i + 1] = (byte) colours.getGreen(i);
      palette[3 * i + 2] = (byte) colours.getBlue(i);
      int grey = count == 2 ? 255 * i : i;
      ramp &= colours.getRGB(i) << 8 == (grey * 0x010101) << 8;
    }
    if (!ramp) {
      return picture(PixelMode.P, indices, palette);
    }
    if (count == 2) {
      for (int i = 0; i < indices.length; i++) {
        indices[i] = (byte) -indices[i];
      }
    }
    PixelMode mode = count == 2 ? PixelMode.ONE : PixelMode.L;
    return picture(mode, indices, DecodedImage.NO_PALETTE);
  }

  private DecodedImage picture(PixelMode mode, byte[] samples, byte[] palette) {
    return new DecodedImage(mode, size.width(), size.height(), samples, palette);
  }
}
