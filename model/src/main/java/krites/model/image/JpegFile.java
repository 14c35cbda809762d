package krites.model.image;

import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A JPEG: its segments are read here, its samples by the JDK's libjpeg, its colours converted here.
 *
 * <p>The JDK's reader guesses colours by rules of its own and stumbles over colour profiles that
 * others ignore. It is therefore given the picture without application segments and with the word
 * that no conversion applies; what colours the samples mean is decided by the rules of libjpeg and
 * Pillow.
 *
 * @param colours what the samples mean
 * @param plain the file with nothing in it but the picture
 * @param wholeEnd whether the end marker was there
 */
record JpegFile(
    FileBytes file,
    ImageSize size,
    Colours colours,
    Orientation orientation,
    byte[] plain,
    boolean wholeEnd)
    implements ImageFile {

  /**
   * Progressive files with more scans cost time without measure; libjpeg-turbo's own limit for
   * files of strangers. Encoders write a dozen.
   */
  private static final int MAX_SCANS = 500;

  /** An Adobe segment that says: the samples are stored as they are to be given out. */
  private static final byte[] NO_CONVERSION = {
    (byte) 0xFF, (byte) 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0
  };

  private static final String EXIF = "Exif\0\0";
  private static final String XMP = "http://ns.adobe.com/xap/1.0/\0";

  /** What the components of a JPEG are. */
  enum Colours {
    GREY,
    RGB,
    YCBCR,
    CMYK,
    YCCK
  }

  static boolean matches(FileBytes file) {
    return file.startsWith(0, "\u00FF\u00D8\u00FF");
  }

  static JpegFile open(FileBytes file) {
    return new Walk(file).run();
  }

  @Override
  public int readerBytesPerPixel() {
    return 4;
  }

  @Override
  public DecodedImage decode() throws IOException {
    List<String> warnings = new ArrayList<>();
    Raster raster = JdkReader.readRaster("jpeg", plain, warnings);
    requireWhole(warnings);
    int channels = colours == Colours.GREY ? 1 : colours.compareTo(Colours.CMYK) < 0 ? 3 : 4;
    byte[] samples = JdkReader.interleaved(raster, channels);
    PixelMode mode =
        switch (colours) {
          case GREY -> PixelMode.L;
          case RGB -> PixelMode.RGB;
          case YCBCR -> {
            YcbcrColours.toRgb(samples, 3);
            yield PixelMode.RGB;
          }
          case CMYK -> {
            invert(samples, 0, 1);
            yield PixelMode.CMYK;
          }
          case YCCK -> { // the RGB of its colours is CMY inverted, as Pillow wants it
            YcbcrColours.toRgb(samples, 4);
            invert(samples, 3, 4);
            yield PixelMode.CMYK;
          }
        };
    return new DecodedImage(
        mode, raster.getWidth(), raster.getHeight(), samples, DecodedImage.NO_PALETTE);
  }

  /** Pillow takes the inks of every JPEG for inverted, as Adobe's programs write them. */
  private static void invert(byte[] samples, int from, int step) {
    for (int i = from; i < samples.length; i += step) {
      samples[i] = (byte) ~samples[i];
    }
  }

  /** A file without end marker may be whole; the decoder complains if it had to invent pixels. */
  private void requireWhole(List<String> warnings) {
    boolean short_ =
        warnings.stream().anyMatch(line -> line.toLowerCase(Locale.ROOT).contains("premature end"));
    if (!wholeEnd && short_) {
      throw file.fault(
          "JPEG is cut short: its data end before its last pixel; fetch or copy it again");
    }
  }

  /** One pass over the segments. */
  private static final class Walk {
    private final FileBytes file;
    private final ByteArrayOutputStream plain;
    private Orientation exif = Orientation.UPRIGHT;
    private Orientation xmp = Orientation.UPRIGHT;
    private boolean jfif;
    private int adobeTransform = -1;
    private int frame = -1;
    private int scans;

    Walk(FileBytes file) {
      this.file = file;
      this.plain = new ByteArrayOutputStream(file.length() + NO_CONVERSION.length + 2);
    }

    JpegFile run() {
      plain.write(file.bytes(), 0, 2);
      plain.write(NO_CONVERSION, 0, NO_CONVERSION.length);
      int at = 2;
      boolean ended = false;
      while (!ended && at < file.length()) {
        at = skipToMarker(at);
        if (at >= file.length()) {
          break;
        }
        int marker = file.u8(at++);
        ended = marker == 0xD9;
        if (!ended && marker != 0x01 && (marker < 0xD0 || marker > 0xD8)) {
          at = segment(marker, at);
        }
      }
      if (frame < 0 || scans == 0) {
        throw file.fault(
            "JPEG is cut short: no " + (frame < 0 ? "frame header" : "scan") + " in it");
      }
      plain.write(0xFF);
      plain.write(0xD9);
      Orientation orientation = exif == Orientation.UPRIGHT ? xmp : exif;
      return new JpegFile(file, size(), colours(), orientation, plain.toByteArray(), ended);
    }

    /** The position of the marker's code, behind any filling. */
    private int skipToMarker(int from) {
      int at = from;
      while (at < file.length() && file.u8(at) != 0xFF) {
        at++; // junk between segments, which libjpeg skips as well
      }
      while (at < file.length() && file.u8(at) == 0xFF) {
        at++;
      }
      return at;
    }

    private int segment(int marker, int at) {
      int length = file.u16(at);
      file.require(at, length);
      if (length < 2) {
        throw file.fault("JPEG segment of " + length + " bytes: the file is damaged");
      }
      int end = at + length;
      int content = at + 2;
      if (marker >= 0xE0 && marker <= 0xEF || marker == 0xFE) {
        application(marker, content, end);
        return end;
      }
      if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8) {
        frameHeader(marker, content);
      }
      plain.write(0xFF);
      plain.write(marker);
      plain.write(file.bytes(), at, length);
      return marker == 0xDA ? scan(end) : end;
    }

    private void application(int marker, int content, int end) {
      if (marker == 0xE0 && file.startsWith(content, "JFIF\0") && end - content >= 12) {
        jfif = true;
      } else if (marker == 0xEE && file.startsWith(content, "Adobe") && end - content >= 12) {
        adobeTransform = file.u8(content + 11);
      } else if (marker == 0xE1 && file.startsWith(content, EXIF)) {
        exif = Orientation.ofExif(file, content + EXIF.length(), end);
      } else if (marker == 0xE1 && file.startsWith(content, XMP)) {
        xmp = Orientation.ofXmp(file, content + XMP.length(), end);
      }
    }

    private void frameHeader(int marker, int content) {
      if (frame >= 0) {
        throw file.fault("JPEG with two frame headers: the file is damaged");
      }
      if (marker > 0xC2) {
        throw file.fault(
            "expected a baseline or progressive JPEG, seen process "
                + (marker - 0xC0)
                + " (lossless, hierarchical or arithmetic); save it anew as JPEG or PNG");
      }
      if (file.u8(content) != 8) {
        throw file.fault(
            "expected a JPEG of 8 bits a sample, seen " + file.u8(content) + "; save it anew");
      }
      frame = content;
      if (file.u16(frame + 1) == 0 || file.u16(frame + 3) == 0) {
        throw file.fault("JPEG of " + file.u16(frame + 3) + "x" + file.u16(frame + 1) + " pixels");
      }
      int components = file.u8(frame + 5);
      if (components != 1 && components != 3 && components != 4) {
        throw file.fault("expected a JPEG of 1, 3 or 4 components, seen " + components);
      }
    }

    /** Copies the coded data up to the next marker that is not part of it. */
    private int scan(int from) {
      scans++;
      if (scans > MAX_SCANS) {
        throw file.fault("JPEG with more than " + MAX_SCANS + " scans; save it anew");
      }
      int at = from;
      while (at < file.length()) {
        if (file.u8(at) == 0xFF && at + 1 < file.length()) {
          int next = file.u8(at + 1);
          if (next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7)) {
            break;
          }
        }
        at++;
      }
      plain.write(file.bytes(), from, at - from);
      return at;
    }

    private ImageSize size() {
      return new ImageSize(file.u16(frame + 1), file.u16(frame + 3));
    }

    /** The rules of libjpeg's {@code default_decompress_parms}. */
    private Colours colours() {
      int components = file.u8(frame + 5);
      if (components == 1) {
        return Colours.GREY;
      }
      if (components == 4) {
        return adobeTransform > 0 ? Colours.YCCK : Colours.CMYK;
      }
      if (jfif) {
        return Colours.YCBCR;
      }
      if (adobeTransform >= 0) {
        return adobeTransform == 0 ? Colours.RGB : Colours.YCBCR;
      }
      boolean letters =
          file.u8(frame + 6) == 'R' && file.u8(frame + 9) == 'G' && file.u8(frame + 12) == 'B';
      return letters ? Colours.RGB : Colours.YCBCR;
    }
  }
}
