package krites.model.image.vp8;

import java.util.Arrays;

/**
 * Guesses of a block from the pixels above and on its left (RFC 6386, section 12).
 *
 * <p>Works on a square with a border: lines of {@link #STRIDE} numbers; the pixel above the first
 * one lies at {@code at - STRIDE}, the pixel on its left at {@code at - 1}.
 */
final class Prediction {
  static final int STRIDE = 32;

  static final int DC = 0;
  static final int TRUE_MOTION = 1;
  static final int VERTICAL = 2;
  static final int HORIZONTAL = 3;
  private static final int LEFT_DOWN = 4;
  private static final int RIGHT_DOWN = 5;
  private static final int VERTICAL_RIGHT = 6;
  private static final int VERTICAL_LEFT = 7;
  private static final int HORIZONTAL_DOWN = 8;
  private static final int HORIZONTAL_UP = 9;

  private Prediction() {}

  static int clip(int value) {
    return value < 0 ? 0 : Math.min(value, 255);
  }

  /** A whole square of 16x16 luma or 8x8 chroma. */
  static void square(int mode, int[] p, int at, int size, boolean hasAbove, boolean hasLeft) {
    switch (mode) {
      case DC -> fill(p, at, size, average(p, at, size, hasAbove, hasLeft));
      case TRUE_MOTION -> trueMotion(p, at, size);
      case VERTICAL -> {
        for (int y = 0; y < size; y++) {
          System.arraycopy(p, at - STRIDE, p, at + y * STRIDE, size);
        }
      }
      case HORIZONTAL -> {
        for (int y = 0; y < size; y++) {
          int line = at + y * STRIDE;
          Arrays.fill(p, line, line + size, p[line - 1]);
        }
      }
      default -> throw new IllegalStateException("mode " + mode);
    }
  }

  private static int average(int[] p, int at, int size, boolean hasAbove, boolean hasLeft) {
    if (!hasAbove && !hasLeft) {
      return 128;
    }
    int sum = 0;
    for (int i = 0; i < size; i++) {
      sum += (hasAbove ? p[at - STRIDE + i] : 0) + (hasLeft ? p[at + i * STRIDE - 1] : 0);
    }
    int count = hasAbove && hasLeft ? 2 * size : size;
    return (sum + count / 2) / count;
  }

  private static void fill(int[] p, int at, int size, int value) {
    for (int y = 0; y < size; y++) {
      Arrays.fill(p, at + y * STRIDE, at + y * STRIDE + size, value);
    }
  }

  private static void trueMotion(int[] p, int at, int size) {
    int corner = p[at - STRIDE - 1];
    for (int y = 0; y < size; y++) {
      int line = at + y * STRIDE;
      int left = p[line - 1] - corner;
      for (int x = 0; x < size; x++) {
        p[line + x] = clip(left + p[at - STRIDE + x]);
      }
    }
  }

  /** A block of 4x4 luma; four more pixels above on the right are looked at. */
  static void block(int mode, int[] p, int at) {
    if (mode == DC) {
      fill(p, at, 4, average(p, at, 4, true, true));
      return;
    }
    if (mode == TRUE_MOTION) {
      trueMotion(p, at, 4);
      return;
    }
    // The edge from the lower left over the corner to the upper right: left 3..0, corner, above
    // 0..7.
    int[] e = new int[13];
    for (int i = 0; i < 4; i++) {
      e[i] = p[at + (3 - i) * STRIDE - 1];
    }
    System.arraycopy(p, at - STRIDE - 1, e, 4, 9);
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        p[at + y * STRIDE + x] =
            switch (mode) {
              case VERTICAL -> smooth(e, 5 + x);
              case HORIZONTAL -> y == 3 ? (e[1] + 3 * e[0] + 2) >> 2 : smooth(e, 3 - y);
              case LEFT_DOWN -> x + y == 6 ? (e[11] + 3 * e[12] + 2) >> 2 : smooth(e, 6 + x + y);
              case RIGHT_DOWN -> smooth(e, 4 + x - y);
              case VERTICAL_RIGHT -> verticalRight(e, x, y);
              case VERTICAL_LEFT -> verticalLeft(e, x, y);
              case HORIZONTAL_DOWN -> horizontalDown(e, x, y);
              case HORIZONTAL_UP -> horizontalUp(e, x, y);
              default -> throw new IllegalStateException("mode " + mode);
            };
      }
    }
  }

  /** Of three neighbours on the edge, the middle one double. */
  private static int smooth(int[] e, int middle) {
    return e[middle - 1] + 2 * e[middle] + e[middle + 1] + 2 >> 2;
  }

  /** Of two neighbours on the edge. */
  private static int mean(int[] e, int first) {
    return e[first] + e[first + 1] + 1 >> 1;
  }

  private static int verticalRight(int[] e, int x, int y) {
    int along = 2 * x - y;
    return switch (along) {
      case -3 -> smooth(e, 2);
      case -2 -> smooth(e, 3);
      default -> (along & 1) == 0 ? mean(e, 4 + along / 2) : smooth(e, 4 + (along + 1) / 2);
    };
  }

  private static int verticalLeft(int[] e, int x, int y) {
    if (x == 3 && y >= 2) {
      return smooth(e, y == 2 ? 10 : 11);
    }
    int first = 5 + x + y / 2;
    return (y & 1) == 0 ? mean(e, first) : smooth(e, first + 1);
  }

  private static int horizontalDown(int[] e, int x, int y) {
    int along = 2 * y - x;
    return switch (along) {
      case -3 -> smooth(e, 6);
      case -2 -> smooth(e, 5);
      default -> (along & 1) == 0 ? mean(e, 3 - along / 2) : smooth(e, 4 - (along + 1) / 2);
    };
  }

  private static int horizontalUp(int[] e, int x, int y) {
    int along = x + 2 * y;
    if (along > 5) {
      return e[0];
    }
    if (along == 5) {
      return e[1] + 3 * e[0] + 2 >> 2;
    }
    return (along & 1) == 0 ? mean(e, 2 - along / 2) : smooth(e, 2 - (along - 1) / 2);
  }
}
