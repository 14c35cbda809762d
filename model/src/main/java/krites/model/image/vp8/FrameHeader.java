package krites.model.image.vp8;

import java.util.ArrayList;
import java.util.List;

/**
 * What a key frame says before its first square (RFC 6386, section 9).
 *
 * @param width in pixels
 * @param height in pixels
 * @param modes the first partition, read up to the modes of the squares
 * @param coefficients partitions of coefficients; row r of squares is in number r modulo their
 *     count
 * @param segments quantizer and filter of each of the four kinds of square
 * @param segmentProbabilities of the tree of kinds; empty if squares do not say theirs
 * @param simpleFilter whether only luma is smoothed, in the simple way
 * @param probabilities of coefficients, as {@link Tables#COEFFICIENTS}
 * @param skipProbability that a square has coefficients, or -1 if squares do not say
 */
@SuppressWarnings("ArrayRecordComponent") // read once, compared by nobody
record FrameHeader(
    int width,
    int height,
    BoolReader modes,
    List<BoolReader> coefficients,
    List<Segment> segments,
    int[] segmentProbabilities,
    boolean simpleFilter,
    byte[] probabilities,
    int skipProbability) {
  private static final int START = 10;
  private static final int SEGMENTS = 4;

  /**
   * A kind of square.
   *
   * @param filter of squares predicted as a whole
   * @param blockFilter of squares predicted block by block
   */
  record Segment(Steps steps, LoopFilter filter, LoopFilter blockFilter) {}

  /** Quantizer steps: luma, luma of the second order and chroma; first coefficient and others. */
  record Steps(int lumaDc, int lumaAc, int secondDc, int secondAc, int chromaDc, int chromaAc) {

    private static Steps of(int index, int[] offsets) {
      return new Steps(
          dc(index + offsets[0], 127),
          ac(index),
          2 * dc(index + offsets[1], 127),
          Math.max(8, ac(index + offsets[2]) * 101581 >> 16), // 1.55 times
          dc(index + offsets[3], 117),
          ac(index + offsets[4]));
    }

    private static int dc(int index, int max) {
      return Tables.DC_STEPS[Math.clamp(index, 0, max)];
    }

    private static int ac(int index) {
      return Tables.AC_STEPS[Math.clamp(index, 0, 127)];
    }
  }

  /**
   * Reads the header of the frame that fills the bytes from one position to another.
   *
   * @throws Vp8Exception if it is none, or is cut short
   */
  static FrameHeader read(byte[] bytes, int from, int end) {
    ImageBounds bounds = ImageBounds.read(bytes, from, end);
    int firstBytes =
        (bytes[from] & 0xFF | (bytes[from + 1] & 0xFF) << 8 | (bytes[from + 2] & 0xFF) << 16) >> 5;
    int first = from + START;
    if (firstBytes > end - first) {
      throw new Vp8Exception("its first partition is cut short");
    }
    BoolReader in = new BoolReader(bytes, first, first + firstBytes);
    in.flag(); // colour space: there is one
    in.flag(); // whether clamping is needed: it does no harm
    int[] quantizers = new int[SEGMENTS];
    int[] levels = new int[SEGMENTS];
    int[] segmentProbabilities = {};
    boolean segmented = in.flag();
    boolean absolute = false;
    if (segmented) {
      boolean perSquare = in.flag();
      if (in.flag()) {
        absolute = in.flag();
        fillSigned(in, quantizers, 7);
        fillSigned(in, levels, 6);
      }
      if (perSquare) {
        segmentProbabilities = new int[SEGMENTS - 1];
        for (int i = 0; i < segmentProbabilities.length; i++) {
          segmentProbabilities[i] = in.flag() ? in.number(8) : 255;
        }
      }
    }
    boolean simple = in.flag();
    int level = in.number(6);
    int sharpness = in.number(3);
    int[] offsets = filterOffsets(in);
    List<BoolReader> partitions = partitions(bytes, first + firstBytes, end, 1 << in.number(2));
    int quantizer = in.number(7);
    int[] quantizerOffsets = new int[5];
    for (int i = 0; i < quantizerOffsets.length; i++) {
      quantizerOffsets[i] = in.optionalSigned(4);
    }
    List<Segment> segments = new ArrayList<>();
    for (int i = 0; i < SEGMENTS; i++) {
      int index = segmented && absolute ? quantizers[i] : quantizers[i] + quantizer;
      int strength = level == 0 ? 0 : segmented && absolute ? levels[i] : levels[i] + level;
      segments.add(
          new Segment(
              Steps.of(index, quantizerOffsets),
              filter(level, strength + offsets[0], sharpness),
              filter(level, strength + offsets[0] + offsets[1], sharpness)));
    }
    in.flag(); // whether the probabilities hold for later frames: there are none
    byte[] probabilities = probabilities(in);
    int skip = in.flag() ? in.number(8) : -1;
    return new FrameHeader(
        bounds.width(),
        bounds.height(),
        in,
        List.copyOf(partitions),
        List.copyOf(segments),
        segmentProbabilities,
        simple,
        probabilities,
        skip);
  }

  /** A frame of level 0 is not filtered, whatever its segments say. */
  private static LoopFilter filter(int frameLevel, int level, int sharpness) {
    return LoopFilter.of(frameLevel == 0 ? 0 : Math.clamp(level, 0, 63), sharpness);
  }

  private static void fillSigned(BoolReader in, int[] values, int bits) {
    for (int i = 0; i < values.length; i++) {
      values[i] = in.optionalSigned(bits);
    }
  }

  /** For every square of a key frame, and for those predicted block by block in addition. */
  private static int[] filterOffsets(BoolReader in) {
    int[] byReference = new int[4];
    int[] byMode = new int[4];
    boolean used = in.flag();
    boolean updated = used && in.flag();
    if (updated) {
      fillSigned(in, byReference, 6);
      fillSigned(in, byMode, 6);
    }
    return new int[] {byReference[0], byMode[0]};
  }

  private static List<BoolReader> partitions(byte[] bytes, int from, int end, int count) {
    int at = from + 3 * (count - 1);
    if (at > end) {
      throw new Vp8Exception("its partitions are cut short");
    }
    List<BoolReader> partitions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int size = from + 3 * i;
      int length =
          i == count - 1
              ? end - at
              : bytes[size] & 0xFF | (bytes[size + 1] & 0xFF) << 8 | (bytes[size + 2] & 0xFF) << 16;
      int partitionEnd = Math.min(end, at + length);
      partitions.add(new BoolReader(bytes, at, partitionEnd));
      at = partitionEnd;
    }
    return partitions;
  }

  private static byte[] probabilities(BoolReader in) {
    byte[] probabilities = Tables.COEFFICIENTS.clone();
    for (int i = 0; i < probabilities.length; i++) {
      if (in.bit(Tables.COEFFICIENT_UPDATES[i] & 0xFF) == 1) {
        probabilities[i] = (byte) in.number(8);
      }
    }
    return probabilities;
  }
}
