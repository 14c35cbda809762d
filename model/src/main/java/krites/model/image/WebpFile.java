package krites.model.image;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.model.image.vp8.Vp8Exception;
import krites.model.image.vp8.Vp8Frame;

/**
 * A WebP, of an animation the first frame: its chunks are read here, lossless pixels and alpha by
 * TwelveMonkeys, lossy pixels by {@link Vp8Frame}.
 *
 * @param size of the canvas
 * @param left of the frame on it; the rest is black, as Pillow shows it
 * @param top of the frame on it
 * @param frame size of the frame
 * @param pixels the chunk that holds them
 * @param alpha the chunk with the alpha of a lossy picture
 */
record WebpFile(
    FileBytes file,
    ImageSize size,
    int left,
    int top,
    ImageSize frame,
    Chunk pixels,
    Optional<Chunk> alpha,
    Orientation orientation)
    implements ImageFile {

  private static final String EXIF = "Exif\0\0";

  /** A piece of the file between two positions. */
  record Chunk(String kind, int from, int to) {}

  static boolean matches(FileBytes file) {
    return file.startsWith(0, "RIFF") && file.startsWith(8, "WEBP");
  }

  static WebpFile open(FileBytes file) {
    List<Chunk> chunks = chunks(file, 12, file.length());
    Optional<Chunk> extended = find(chunks, "VP8X");
    Optional<Chunk> animation = find(chunks, "ANMF");
    ImageSize canvas =
        extended
            .map(chunk -> new ImageSize(oneMore(file, chunk, 7), oneMore(file, chunk, 4)))
            .orElse(new ImageSize(1, 1));
    List<Chunk> parts =
        animation.isPresent()
            ? chunks(file, animation.get().from() + 16, animation.get().to())
            : chunks;
    Chunk pixels =
        parts.stream()
            .filter(part -> part.kind().equals("VP8 ") || part.kind().equals("VP8L"))
            .findFirst()
            .orElseThrow(() -> file.fault("WebP is cut short: no picture in it"));
    ImageSize frame = frameSize(file, pixels);
    int left = animation.map(chunk -> 2 * file.u24Little(chunk.from())).orElse(0);
    int top = animation.map(chunk -> 2 * file.u24Little(chunk.from() + 3)).orElse(0);
    ImageSize size = extended.isPresent() ? canvas : frame;
    boolean fits =
        animation.isPresent()
            ? left + frame.width() <= size.width() && top + frame.height() <= size.height()
            : size.equals(frame);
    if (!fits) {
      throw file.fault("WebP whose frame does not fit its canvas: the file is damaged");
    }
    boolean lossy = pixels.kind().equals("VP8 ");
    Optional<Chunk> alpha = lossy ? find(parts, "ALPH") : Optional.empty();
    return new WebpFile(file, size, left, top, frame, pixels, alpha, orientation(file, chunks));
  }

  private static List<Chunk> chunks(FileBytes file, int from, int end) {
    List<Chunk> chunks = new ArrayList<>();
    long at = from;
    while (at + 8 <= end) {
      int place = (int) at;
      long length = file.u32Little(place + 4);
      if (at + 8 + length > end) {
        file.require(place + 8, length); // says that the file is cut short
        throw file.fault("WebP with a chunk larger than the one around it: the file is damaged");
      }
      String kind = new String(file.bytes(), place, 4, StandardCharsets.US_ASCII);
      chunks.add(new Chunk(kind, place + 8, place + 8 + (int) length));
      at += 8 + length + (length & 1);
    }
    return chunks;
  }

  private static Optional<Chunk> find(List<Chunk> chunks, String kind) {
    return chunks.stream().filter(chunk -> chunk.kind().equals(kind)).findFirst();
  }

  private static int oneMore(FileBytes file, Chunk chunk, int at) {
    return 1 + file.u24Little(chunk.from() + at);
  }

  private static ImageSize frameSize(FileBytes file, Chunk pixels) {
    if (pixels.kind().equals("VP8 ")) {
      try {
        int[] size = Vp8Frame.size(file.bytes(), pixels.from(), pixels.to());
        return new ImageSize(size[1], size[0]);
      } catch (Vp8Exception e) {
        throw file.fault("WebP is damaged: " + e.getMessage());
      }
    }
    if (pixels.to() - pixels.from() < LosslessWebp.HEADER_BYTES
        || file.u8(pixels.from()) != LosslessWebp.MARK
        || losslessBits(file, pixels) >> 29 != 0) {
      throw file.fault("WebP is damaged: its picture does not begin like one");
    }
    long bits = losslessBits(file, pixels);
    return new ImageSize((int) (bits >> 14 & 0x3FFF) + 1, (int) (bits & 0x3FFF) + 1);
  }

  /** 14 bits width, 14 bits height, whether there is alpha, and 3 bits that are zero. */
  private static long losslessBits(FileBytes file, Chunk pixels) {
    return file.u32Little(pixels.from() + 1);
  }

  private static Orientation orientation(FileBytes file, List<Chunk> chunks) {
    Orientation exif =
        find(chunks, "EXIF")
            .map(
                chunk -> {
                  boolean led = file.startsWith(chunk.from(), EXIF);
                  int from = chunk.from() + (led ? EXIF.length() : 0);
                  return Orientation.ofExif(file, from, chunk.to());
                })
            .orElse(Orientation.UPRIGHT);
    return exif != Orientation.UPRIGHT
        ? exif
        : find(chunks, "XMP ")
            .map(chunk -> Orientation.ofXmp(file, chunk.from(), chunk.to()))
            .orElse(Orientation.UPRIGHT);
  }

  @Override
  public int readerBytesPerPixel() {
    return pixels.kind().equals("VP8 ") ? 6 : 8;
  }

  @Override
  public DecodedImage decode() throws IOException {
    DecodedImage picture = pixels.kind().equals("VP8 ") ? lossy() : lossless();
    return size.equals(frame) ? picture : onCanvas(picture);
  }

  private DecodedImage lossy() throws IOException {
    byte[] rgb;
    try {
      rgb = Vp8Frame.decode(file.bytes(), pixels.from(), pixels.to());
    } catch (Vp8Exception e) {
      throw file.fault("WebP is damaged or cut short: " + e.getMessage());
    }
    if (alpha.isEmpty()) {
      return frame(PixelMode.RGB, rgb);
    }
    byte[] opacity = WebpAlpha.read(file, alpha.get(), frame);
    byte[] rgba = new byte[4 * opacity.length];
    for (int i = 0; i < opacity.length; i++) {
      System.arraycopy(rgb, 3 * i, rgba, 4 * i, 3);
      rgba[4 * i + 3] = opacity[i];
    }
    return frame(PixelMode.RGBA, rgba);
  }

  private DecodedImage lossless() throws IOException {
    long header = losslessBits(file, pixels);
    int from = pixels.from() + LosslessWebp.HEADER_BYTES;
    Raster raster = LosslessWebp.decode(file, header, from, pixels.to());
    PixelMode mode = (header >> 28 & 1) == 1 ? PixelMode.RGBA : PixelMode.RGB;
    return frame(mode, JdkReader.interleaved(raster, mode.channels()));
  }

  private DecodedImage frame(PixelMode mode, byte[] samples) {
    return new DecodedImage(mode, frame.width(), frame.height(), samples, DecodedImage.NO_PALETTE);
  }

  private DecodedImage onCanvas(DecodedImage picture) {
    int channels = picture.mode().channels();
    byte[] canvas =
        new byte[Math.multiplyExact(Math.multiplyExact(size.width(), size.height()), channels)];
    for (int y = 0; y < frame.height(); y++) {
      System.arraycopy(
          picture.samples(),
          y * frame.width() * channels,
          canvas,
          ((top + y) * size.width() + left) * channels,
          frame.width() * channels);
    }
    return new DecodedImage(
        picture.mode(), size.width(), size.height(), canvas, DecodedImage.NO_PALETTE);
  }
}
