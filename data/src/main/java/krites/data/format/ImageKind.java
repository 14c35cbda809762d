package krites.data.format;

import java.util.Arrays;
import java.util.Optional;

/** The kinds of image file, told by their first bytes, since names lie. */
public enum ImageKind {
  PNG("png", 0, 0x89, 'P', 'N', 'G'),
  JPEG("jpg", 0, 0xFF, 0xD8, 0xFF),
  GIF("gif", 0, 'G', 'I', 'F', '8'),
  WEBP("webp", 8, 'W', 'E', 'B', 'P'),
  BMP("bmp", 0, 'B', 'M');

  /** For messages. */
  public static final String EXPECTED = "PNG, JPEG, GIF, WebP or BMP";

  /** As many bytes as {@link #of} looks at. */
  public static final int START_BYTES = 12;

  private final String end;
  private final int offset;
  private final byte[] magic;

  ImageKind(String end, int offset, int... magic) {
    this.end = end;
    this.offset = offset;
    this.magic = new byte[magic.length];
    for (int i = 0; i < magic.length; i++) {
      this.magic[i] = (byte) magic[i];
    }
  }

  /** The end of such a file's name, without the dot. */
  public String end() {
    return end;
  }

  /** The kind that bytes begin like. */
  public static Optional<ImageKind> of(byte[] file) {
    return Arrays.stream(values()).filter(kind -> kind.begins(file)).findFirst();
  }

  private boolean begins(byte[] file) {
    int to = offset + magic.length;
    return file.length >= to && Arrays.equals(Arrays.copyOfRange(file, offset, to), magic);
  }
}
