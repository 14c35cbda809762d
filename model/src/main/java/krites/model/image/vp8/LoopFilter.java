package krites.model.image.vp8;

/**
 * Smooths the edges of blocks (RFC 6386, section 15).
 *
 * @param limit of the step over an edge between blocks, doubled and with the interior added; 0 for
 *     no filter
 * @param interior limit of the steps beside the edge
 * @param highVariance from which step on an edge is taken for one of the picture
 */
record LoopFilter(int limit, int interior, int highVariance) {

  /**
   * For a level of 0 to 63.
   *
   * @param sharpness 0 to 7
   */
  static LoopFilter of(int level, int sharpness) {
    if (level == 0) {
      return new LoopFilter(0, 0, 0);
    }
    int interior = sharpness > 4 ? level >> 2 : sharpness > 0 ? level >> 1 : level;
    if (sharpness > 0) {
      interior = Math.min(interior, 9 - sharpness);
    }
    interior = Math.max(1, interior);
    return new LoopFilter(2 * level + interior, interior, level >= 40 ? 2 : level >= 15 ? 1 : 0);
  }

  /**
   * Filters along one edge with the filter for luma only.
   *
   * @param at first pixel behind the edge
   * @param across to the next pixel away from the edge
   * @param along to the next pixel on the edge
   */
  void simple(byte[] p, int at, int across, int along, boolean outer) {
    int threshold = 2 * (outer ? limit + 4 : limit) + 1;
    for (int i = 0, place = at; i < 16; i++, place += along) {
      if (step(p, place, across) <= threshold) {
        two(p, place, across);
      }
    }
  }

  /**
   * Filters along one edge.
   *
   * @param outer whether the edge lies between squares, else inside of one
   */
  void normal(byte[] p, int at, int across, int along, int length, boolean outer) {
    int threshold = 2 * (outer ? limit + 4 : limit) + 1;
    for (int i = 0, place = at; i < length; i++, place += along) {
      if (step(p, place, across) <= threshold && isSmooth(p, place, across)) {
        if (distance(p, place - 2 * across, place - across) > highVariance
            || distance(p, place + across, place) > highVariance) {
          two(p, place, across);
        } else if (outer) {
          six(p, place, across);
        } else {
          four(p, place, across);
        }
      }
    }
  }

  private static int distance(byte[] p, int a, int b) {
    return Math.abs((p[a] & 0xFF) - (p[b] & 0xFF));
  }

  private static int step(byte[] p, int at, int across) {
    return 4 * distance(p, at - across, at) + distance(p, at - 2 * across, at + across);
  }

  private boolean isSmooth(byte[] p, int at, int across) {
    return distance(p, at - 4 * across, at - 3 * across) <= interior
        && distance(p, at - 3 * across, at - 2 * across) <= interior
        && distance(p, at - 2 * across, at - across) <= interior
        && distance(p, at + 3 * across, at + 2 * across) <= interior
        && distance(p, at + 2 * across, at + across) <= interior
        && distance(p, at + across, at) <= interior;
  }

  private static void two(byte[] p, int at, int across) {
    int a =
        3 * difference(p, at, at - across) + signed(difference(p, at - 2 * across, at + across));
    add(p, at - across, small(a + 3 >> 3));
    add(p, at, -small(a + 4 >> 3));
  }

  private static void four(byte[] p, int at, int across) {
    int a = 3 * difference(p, at, at - across);
    int behind = small(a + 4 >> 3);
    int further = behind + 1 >> 1;
    add(p, at - 2 * across, further);
    add(p, at - across, small(a + 3 >> 3));
    add(p, at, -behind);
    add(p, at + across, -further);
  }

  private static void six(byte[] p, int at, int across) {
    int a =
        signed(
            3 * difference(p, at, at - across)
                + signed(difference(p, at - 2 * across, at + across)));
    for (int i = 0; i < 3; i++) {
      int change = (27 - 9 * i) * a + 63 >> 7;
      add(p, at - (i + 1) * across, change);
      add(p, at + i * across, -change);
    }
  }

  private static int difference(byte[] p, int a, int b) {
    return (p[a] & 0xFF) - (p[b] & 0xFF);
  }

  private static void add(byte[] p, int at, int change) {
    p[at] = (byte) Prediction.clip((p[at] & 0xFF) + change);
  }

  private static int signed(int value) {
    return Math.clamp(value, -128, 127);
  }

  private static int small(int value) {
    return Math.clamp(value, -16, 15);
  }
}
