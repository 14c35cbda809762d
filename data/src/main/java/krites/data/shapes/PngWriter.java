package krites.data.shapes;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.Adler32;
import java.util.zip.CRC32;

/**
 * Writes RGB pictures as PNG. The image data are deflate blocks of the kind "stored": compressed
 * bytes differ from one zlib to the next, stored ones do not, and small pictures cost little.
 *
 * <p>Source: the PNG specification (W3C), RFC 1950 and RFC 1951.
 */
final class PngWriter {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  private static final int CHUNK_EXTRA = 12;
  private static final int STORED_MAX = 65_535;
  private static final int STORED_HEADER = 5;

  private PngWriter() {}

  /**
   * A PNG file.
   *
   * @param rgb 8 bits per channel, row by row, {@code 3 * width * height} bytes
   */
  static byte[] write(int width, int height, byte[] rgb) {
    if (rgb.length != 3 * width * height) {
      throw new IllegalArgumentException(
          rgb.length + " bytes for an RGB picture of " + width + "x" + height);
    }
    byte[] data = zlibStored(filtered(width, height, rgb));
    byte[] header =
        ByteBuffer.allocate(13)
            .putInt(width)
            .putInt(height)
            .put((byte) 8)
            .put((byte) 2)
            .put((byte) 0)
            .put((byte) 0)
            .put((byte) 0)
            .array();
    ByteBuffer out =
        ByteBuffer.allocate(SIGNATURE.length + 3 * CHUNK_EXTRA + header.length + data.length);
    out.put(SIGNATURE);
    putChunk(out, "IHDR", header);
    putChunk(out, "IDAT", data);
    putChunk(out, "IEND", new byte[0]);
    return out.array();
  }

  /** Each row behind a filter byte 0 (none). */
  private static byte[] filtered(int width, int height, byte[] rgb) {
    int stride = 3 * width;
    byte[] rows = new byte[height * (stride + 1)];
    for (int y = 0; y < height; y++) {
      System.arraycopy(rgb, y * stride, rows, y * (stride + 1) + 1, stride);
    }
    return rows;
  }

  private static byte[] zlibStored(byte[] raw) {
    int blocks = Math.max(1, Math.ceilDiv(raw.length, STORED_MAX));
    ByteBuffer out = ByteBuffer.allocate(2 + blocks * STORED_HEADER + raw.length + 4);
    out.put((byte) 0x78).put((byte) 0x01);
    for (int block = 0; block < blocks; block++) {
      int start = block * STORED_MAX;
      int length = Math.min(STORED_MAX, raw.length - start);
      out.put((byte) (block == blocks - 1 ? 1 : 0));
      putLittleEndian(out, length);
      putLittleEndian(out, ~length);
      out.put(raw, start, length);
    }
    Adler32 adler = new Adler32();
    adler.update(raw);
    return out.putInt((int) adler.getValue()).array();
  }

  private static void putLittleEndian(ByteBuffer out, int value) {
    out.put((byte) value).put((byte) (value >>> 8));
  }

  private static void putChunk(ByteBuffer out, String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    out.putInt(data.length).put(name).put(data).putInt((int) crc.getValue());
  }
}
