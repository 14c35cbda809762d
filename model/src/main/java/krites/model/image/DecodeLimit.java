package krites.model.image;

/**
 * The guard against decompression bombs: small files that claim huge pictures are refused by their
 * header, before a pixel is decoded.
 */
final class DecodeLimit {
  /**
   * Twice Pillow's {@code MAX_IMAGE_PIXELS}, where Pillow itself refuses. Any processor of a
   * published model shrinks to a thirteenth of it or less, so that nothing useful is lost.
   */
  static final long MAX_PIXELS = 2 * 89_478_485L;

  /**
   * Of the decoded picture and of its copy that is turned, converted to RGB or shrunk, four
   * channels each.
   */
  private static final int PICTURE_BYTES_PER_PIXEL = 8;

  private DecodeLimit() {}

  /** Refuses a picture that is too large, or larger than this heap can hold. */
  static void require(ImageFile picture, FileBytes file) {
    require(picture, file, Runtime.getRuntime().maxMemory());
  }

  static void require(ImageFile picture, FileBytes file, long heapBytes) {
    ImageSize size = picture.size();
    long pixels = (long) size.width() * size.height();
    if (pixels > MAX_PIXELS) {
      throw file.fault(
          "expected at most "
              + MAX_PIXELS
              + " pixels, seen "
              + size.width()
              + "x"
              + size.height()
              + " (a decompression bomb?); shrink the picture first");
    }
    long needed = pixels * (picture.readerBytesPerPixel() + PICTURE_BYTES_PER_PIXEL);
    if (needed > heapBytes) {
      throw file.fault(
          "a picture of "
              + size.width()
              + "x"
              + size.height()
              + " needs "
              + mebibytes(needed)
              + " MiB to decode, the heap has "
              + mebibytes(heapBytes)
              + "; shrink the picture or set KRITES_HEAP higher");
    }
  }

  private static long mebibytes(long bytes) {
    return bytes >> 20;
  }
}
