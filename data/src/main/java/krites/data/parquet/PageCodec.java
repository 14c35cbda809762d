package krites.data.parquet;

import io.airlift.compress.Compressor;
import io.airlift.compress.Decompressor;
import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.snappy.SnappyDecompressor;
import io.airlift.compress.zstd.ZstdCompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.format.CompressionCodec;

/** What pages are packed with: all in Java, so that no native library is needed to read a file. */
final class PageCodec {
  private PageCodec() {}

  /**
   * Unpacks a page.
   *
   * @param length bytes of the unpacked page, as its header says
   * @throws IOException if the codec is not known here, or the bytes do not unpack to that length
   */
  static byte[] unpack(CompressionCodec codec, byte[] packed, int length) throws IOException {
    return switch (codec) {
      case UNCOMPRESSED -> checked(packed, packed.length, length);
      case SNAPPY -> unpack(new SnappyDecompressor(), packed, length);
      case ZSTD -> unpack(new ZstdDecompressor(), packed, length);
      case LZ4_RAW -> unpack(new Lz4Decompressor(), packed, length);
      case GZIP -> gunzip(packed, length);
      case LZO, BROTLI, LZ4 ->
          throw new IOException(
              "is packed with "
                  + codec
                  + ", expected none, SNAPPY, GZIP, ZSTD or LZ4_RAW; write it anew with one of"
                  + " these");
    };
  }

  private static byte[] unpack(Decompressor codec, byte[] packed, int length) throws IOException {
    byte[] page = new byte[length];
    try {
      return checked(page, codec.decompress(packed, 0, packed.length, page, 0, length), length);
    } catch (RuntimeException e) { // MalformedInputException, or an index out of bounds
      throw new IOException("a page does not unpack: " + e.getMessage(), e);
    }
  }

  private static byte[] gunzip(byte[] packed, int length) throws IOException {
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
      byte[] page = in.readNBytes(length);
      return checked(page, page.length, length);
    }
  }

  private static byte[] checked(byte[] page, int seen, int length) throws IOException {
    if (seen != length) {
      throw new IOException("a page unpacks to " + seen + " bytes, its header says " + length);
    }
    return page;
  }

  /** Packs a page with ZSTD, which pictures do not grow by and texts shrink to a third. */
  static byte[] packZstd(byte[] page) {
    Compressor codec = new ZstdCompressor();
    byte[] packed = new byte[codec.maxCompressedLength(page.length)];
    return Arrays.copyOf(packed, codec.compress(page, 0, page.length, packed, 0, packed.length));
  }
}
