package krites.model.image.vp8;

import java.util.Arrays;

/** Decodes a key frame: square by square the modes, the coefficients and the pixels. */
public final class Vp8Frame {
  private static final int STRIDE = Prediction.STRIDE;

  /** Of the first pixel in a work area with a border. */
  private static final int ORIGIN = STRIDE + 8;

  private static final int ABOVE_PICTURE = 127;
  private static final int LEFT_OF_PICTURE = 129;

  private final FrameHeader header;
  private final Planes planes;
  private final Residuals residuals;
  private final byte[] modesAbove;
  private final byte[] modesLeft = new byte[4];
  private final LoopFilter[] filters;
  private final boolean[] filtersInside;
  private final int[] luma = new int[17 * STRIDE];
  private final int[] blue = new int[9 * STRIDE];
  private final int[] red = new int[9 * STRIDE];
  private final int[] modes = new int[16];

  private Vp8Frame(FrameHeader header) {
    this.header = header;
    this.planes = Planes.of((header.width() + 15) / 16, (header.height() + 15) / 16);
    this.residuals = new Residuals(header.probabilities(), planes.width());
    this.modesAbove = new byte[4 * planes.width()];
    this.filters = new LoopFilter[planes.width() * planes.height()];
    this.filtersInside = new boolean[filters.length];
  }

  /** Width and height of a frame, without decoding it. */
  public static int[] size(byte[] bytes, int from, int end) {
    ImageBounds bounds = ImageBounds.read(bytes, from, end);
    return new int[] {bounds.width(), bounds.height()};
  }

  /**
   * The pixels of a frame in red, green and blue, row after row.
   *
   * @throws Vp8Exception if the frame is damaged or cut short
   */
  public static byte[] decode(byte[] bytes, int from, int end) {
    Vp8Frame frame = new Vp8Frame(FrameHeader.read(bytes, from, end));
    frame.run();
    return frame.planes.toRgb(frame.header.width(), frame.header.height());
  }

  private void run() {
    for (int row = 0; row < planes.height(); row++) {
      BoolReader in = header.coefficients().get(row % header.coefficients().size());
      Arrays.fill(modesLeft, (byte) Prediction.DC);
      residuals.beginRow();
      for (int column = 0; column < planes.width(); column++) {
        square(row, column, in);
        if (header.modes().exhausted() || in.exhausted()) {
          throw new Vp8Exception("its data end in row " + row + " of " + planes.height());
        }
      }
    }
    for (int row = 0; row < planes.height(); row++) {
      for (int column = 0; column < planes.width(); column++) {
        filter(row, column);
      }
    }
  }

  private void square(int row, int column, BoolReader coefficients) {
    BoolReader in = header.modes();
    int[] kinds = header.segmentProbabilities();
    int kind =
        kinds.length == 0 ? 0 : in.bit(kinds[0]) == 0 ? in.bit(kinds[1]) : 2 + in.bit(kinds[2]);
    FrameHeader.Segment segment = header.segments().get(kind);
    boolean skipped = header.skipProbability() >= 0 && in.bit(header.skipProbability()) == 1;
    boolean whole = in.bit(145) == 1;
    int mode = whole ? wholeMode(in, column) : blockModes(in, column);
    int chromaMode = chromaMode(in);
    boolean empty = true;
    if (skipped) {
      residuals.skip(column, whole);
    } else {
      empty = residuals.read(coefficients, column, whole, segment.steps());
    }
    reconstruct(row, column, whole, mode, chromaMode);
    int place = row * planes.width() + column;
    filters[place] = whole ? segment.filter() : segment.blockFilter();
    filtersInside[place] = !whole || !empty;
  }

  private int wholeMode(BoolReader in, int column) {
    int mode =
        in.bit(156) == 0
            ? in.bit(163) == 0 ? Prediction.DC : Prediction.VERTICAL
            : in.bit(128) == 0 ? Prediction.HORIZONTAL : Prediction.TRUE_MOTION;
    Arrays.fill(modesAbove, 4 * column, 4 * column + 4, (byte) mode);
    Arrays.fill(modesLeft, (byte) mode);
    return mode;
  }

  private int blockModes(BoolReader in, int column) {
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        int above = modesAbove[4 * column + x];
        int mode =
            in.tree(Tables.BLOCK_MODE_TREE, Tables.BLOCK_MODES, 9 * (10 * above + modesLeft[y]));
        modes[4 * y + x] = mode;
        modesAbove[4 * column + x] = (byte) mode;
        modesLeft[y] = (byte) mode;
      }
    }
    return -1;
  }

  private static int chromaMode(BoolReader in) {
    if (in.bit(142) == 0) {
      return Prediction.DC;
    }
    if (in.bit(114) == 0) {
      return Prediction.VERTICAL;
    }
    return in.bit(183) == 0 ? Prediction.HORIZONTAL : Prediction.TRUE_MOTION;
  }

  private void reconstruct(int row, int column, boolean whole, int mode, int chromaMode) {
    border(planes.luma(), planes.lumaStride(), 16, row, column, luma);
    aboveRight(row, column);
    if (whole) {
      Prediction.square(mode, luma, ORIGIN, 16, row > 0, column > 0);
    }
    for (int block = 0; block < 16; block++) {
      int at = ORIGIN + block / 4 * 4 * STRIDE + block % 4 * 4;
      if (!whole) {
        Prediction.block(modes[block], luma, at);
      }
      residuals.add(block, luma, at);
    }
    store(luma, planes.luma(), planes.lumaStride(), 16, row, column);
    chroma(planes.blue(), blue, 16, chromaMode, row, column);
    chroma(planes.red(), red, 20, chromaMode, row, column);
  }

  private void chroma(byte[] plane, int[] work, int firstBlock, int mode, int row, int column) {
    border(plane, planes.chromaStride(), 8, row, column, work);
    Prediction.square(mode, work, ORIGIN, 8, row > 0, column > 0);
    for (int block = 0; block < 4; block++) {
      residuals.add(firstBlock + block, work, ORIGIN + block / 2 * 4 * STRIDE + block % 2 * 4);
    }
    store(work, plane, planes.chromaStride(), 8, row, column);
  }

  /** What lies above and on the left: pixels, or the numbers that stand for the outside. */
  private static void border(byte[] plane, int stride, int size, int row, int column, int[] work) {
    int first = row * size * stride + column * size;
    for (int x = -1; x < size; x++) {
      work[ORIGIN - STRIDE + x] =
          row == 0
              ? ABOVE_PICTURE
              : x < 0 && column == 0 ? LEFT_OF_PICTURE : plane[first - stride + x] & 0xFF;
    }
    for (int y = 0; y < size; y++) {
      work[ORIGIN + y * STRIDE - 1] =
          column == 0 ? LEFT_OF_PICTURE : plane[first + y * stride - 1] & 0xFF;
    }
  }

  /**
   * Four pixels above the square on the right; blocks at its right side see them in every row,
   * since the square on the right is not there yet.
   */
  private void aboveRight(int row, int column) {
    boolean last = column == planes.width() - 1;
    int first = (row * 16 - 1) * planes.lumaStride() + column * 16 + 16;
    for (int x = 0; x < 4; x++) {
      int pixel = row == 0 ? ABOVE_PICTURE : planes.luma()[last ? first - 1 : first + x] & 0xFF;
      for (int y = 0; y < 16; y += 4) {
        luma[ORIGIN + (y - 1) * STRIDE + 16 + x] = pixel;
      }
    }
  }

  private static void store(int[] work, byte[] plane, int stride, int size, int row, int column) {
    int first = row * size * stride + column * size;
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        plane[first + y * stride + x] = (byte) work[ORIGIN + y * STRIDE + x];
      }
    }
  }

  private void filter(int row, int column) {
    LoopFilter filter = filters[row * planes.width() + column];
    if (filter.limit() == 0) {
      return;
    }
    boolean inside = filtersInside[row * planes.width() + column];
    edges(filter, row, column, inside, true);
    edges(filter, row, column, inside, false);
  }

  /** Upright edges from left to right, or level ones from top to bottom. */
  private void edges(LoopFilter filter, int row, int column, boolean inside, boolean upright) {
    int stride = planes.lumaStride();
    int chromaStride = planes.chromaStride();
    int at = row * 16 * stride + column * 16;
    int chromaAt = row * 8 * chromaStride + column * 8;
    int across = upright ? 1 : stride;
    int along = upright ? stride : 1;
    int chromaAcross = upright ? 1 : chromaStride;
    int chromaAlong = upright ? chromaStride : 1;
    boolean outer = upright ? column > 0 : row > 0;
    for (int edge = outer ? 0 : 4; edge < (inside ? 16 : 1); edge += 4) {
      int place = at + edge * across;
      if (header.simpleFilter()) {
        filter.simple(planes.luma(), place, across, along, edge == 0);
      } else {
        filter.normal(planes.luma(), place, across, along, 16, edge == 0);
        if (edge <= 4) {
          int chromaPlace = chromaAt + edge * chromaAcross;
          filter.normal(planes.blue(), chromaPlace, chromaAcross, chromaAlong, 8, edge == 0);
          filter.normal(planes.red(), chromaPlace, chromaAcross, chromaAlong, 8, edge == 0);
        }
      }
    }
  }
}
