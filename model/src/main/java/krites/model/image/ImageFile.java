package krites.model.image;

import java.io.IOException;

/**
 * An image file whose header has been read and whose pixels have not: what must be known before
 * memory is spent on it.
 */
sealed interface ImageFile permits BmpFile, GifFile, JpegFile, PngFile, WebpFile {
  /** Of the picture as it is stored, before it is turned upright. */
  ImageSize size();

  /** What the reader of this format holds at once, without the picture that it returns. */
  int readerBytesPerPixel();

  /** How the stored picture is to be turned. */
  Orientation orientation();

  /**
   * The stored picture in its own mode.
   *
   * @throws IOException if the library finds the data damaged, as a {@link RuntimeException} may
   *     say too
   */
  DecodedImage decode() throws IOException;
}
