package krites.model.image;

import java.nio.charset.StandardCharsets;

/**
 * The bytes of an image file with the name that errors give it; reading behind the end is an {@link
 * ImageException} that says the file is cut short.
 */
@SuppressWarnings("ArrayRecordComponent") // a view that nobody compares
record FileBytes(byte[] bytes, String name) {

  int length() {
    return bytes.length;
  }

  int u8(int at) {
    require(at, 1);
    return bytes[at] & 0xFF;
  }

  int u16(int at) {
    require(at, 2);
    return (bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF;
  }

  long u32(int at) {
    return (long) u16(at) << 16 | u16(at + 2);
  }

  /** Least significant byte first. */
  int u16Little(int at) {
    require(at, 2);
    return bytes[at] & 0xFF | (bytes[at + 1] & 0xFF) << 8;
  }

  /** Least significant byte first. */
  int u24Little(int at) {
    return u16Little(at) | u8(at + 2) << 16;
  }

  /** Least significant byte first. */
  long u32Little(int at) {
    return u16Little(at) | (long) u16Little(at + 2) << 16;
  }

  /** Whether these Latin-1 characters stand here; false behind the end. */
  boolean startsWith(int at, String text) {
    byte[] wanted = text.getBytes(StandardCharsets.ISO_8859_1);
    if (at < 0 || at > bytes.length - wanted.length) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      if (bytes[at + i] != wanted[i]) {
        return false;
      }
    }
    return true;
  }

  /** Refuses a stretch that is not in the file as a whole. */
  void require(int at, long count) {
    if (at < 0 || count < 0 || at + count > bytes.length) {
      throw fault("file is cut short after " + bytes.length + " bytes; fetch or copy it again");
    }
  }

  /** An exception that names the file. */
  ImageException fault(String what) {
    return new ImageException(name + ": " + what);
  }
}
