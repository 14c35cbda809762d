package krites.data.shapes;

/**
 * Draws a scene. All in integers: 4x4 samples per pixel, each inside or outside a shape, so that
 * the picture does not depend on a drawing toolkit.
 */
final class PictureRenderer {
  /** Light grey, so that no channel of an object equals it. */
  static final int BACKGROUND = 245;

  /** Positions are in eighths of a pixel: samples lie at 1, 3, 5 and 7 eighths. */
  private static final int UNIT = 8;

  private static final int SAMPLES = 16;
  private static final int SIDE_MIN = 20;
  private static final int SIDE_MAX = 23;

  /** The outline's level in every channel: nearly black, unlike any colour. */
  private static final int OUTLINE = 30;

  private PictureRenderer() {}

  /** RGB bytes, row by row, {@code 3 * side * side}. */
  static byte[] render(Scene scene, WorldSettings settings, SeededStream stream) {
    int grid = scene.grid();
    int side = grid * ShapesWorld.CELL_PIXELS;
    byte[] pixels = new byte[3 * side * side];
    paintBackground(pixels, side, settings.gradient());
    for (int index = 0; index < scene.cells().size(); index++) {
      if (scene.cells().get(index) instanceof Cell.Filled filled) {
        paintObject(pixels, side, index / grid, index % grid, filled, settings, stream);
      }
    }
    if (settings.pixelNoise() > 0) {
      addNoise(pixels, settings.pixelNoise(), stream);
    }
    return pixels;
  }

  private static void paintBackground(byte[] pixels, int side, int gradient) {
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int at = 3 * (y * side + x);
        pixels[at] = (byte) (BACKGROUND - gradient * y / (side - 1));
        pixels[at + 1] = (byte) BACKGROUND;
        pixels[at + 2] = (byte) (BACKGROUND - gradient * x / (side - 1));
      }
    }
  }

  private static void paintObject(
      byte[] pixels,
      int side,
      int row,
      int column,
      Cell.Filled filled,
      WorldSettings settings,
      SeededStream stream) {
    int cell = ShapesWorld.CELL_PIXELS;
    int jitter = settings.jitterPixels() * UNIT;
    int half = stream.between(SIDE_MIN, SIDE_MAX) * UNIT / 2;
    int centreX = (column * cell + cell / 2) * UNIT + stream.between(-jitter, jitter);
    int centreY = (row * cell + cell / 2) * UNIT + stream.between(-jitter, jitter);
    int[] rgb = new int[3];
    for (int channel = 0; channel < 3; channel++) {
      int shift = stream.between(-settings.colourJitter(), settings.colourJitter());
      rgb[channel] = Math.clamp(filled.colour().channel(channel) + shift, 0, 255);
    }
    int inner = half - settings.outlinePixels() * UNIT;
    if (settings.outlinePixels() > 0) {
      int[] dark = {OUTLINE, OUTLINE, OUTLINE};
      paintShape(pixels, side, row, column, filled.shape(), centreX, centreY, half, dark);
    }
    paintShape(pixels, side, row, column, filled.shape(), centreX, centreY, inner, rgb);
  }

  private static void paintShape(
      byte[] pixels,
      int side,
      int row,
      int column,
      Shape shape,
      int centreX,
      int centreY,
      int half,
      int[] rgb) {
    int cell = ShapesWorld.CELL_PIXELS;
    for (int y = row * cell; y < (row + 1) * cell; y++) {
      for (int x = column * cell; x < (column + 1) * cell; x++) {
        int covered = coverage(shape, x * UNIT - centreX, y * UNIT - centreY, half);
        int at = 3 * (y * side + x);
        for (int channel = 0; channel < 3; channel++) {
          int under = pixels[at + channel] & 0xFF;
          int mixed = rgb[channel] * covered + under * (SAMPLES - covered);
          pixels[at + channel] = (byte) ((mixed + SAMPLES / 2) / SAMPLES);
        }
      }
    }
  }

  /**
   * How many of the 16 samples of the pixel with this upper left corner (relative to the centre)
   * are inside.
   */
  private static int coverage(Shape shape, int left, int top, int half) {
    int reach = half + UNIT;
    if (Math.abs(left) > reach || Math.abs(top) > reach) {
      return 0;
    }
    int far = UNIT - 1;
    if (shape.contains(left + 1, top + 1, half)
        && shape.contains(left + far, top + 1, half)
        && shape.contains(left + 1, top + far, half)
        && shape.contains(left + far, top + far, half)) {
      return SAMPLES; // every shape is convex
    }
    int inside = 0;
    for (int dy = 1; dy < UNIT; dy += 2) {
      for (int dx = 1; dx < UNIT; dx += 2) {
        if (shape.contains(left + dx, top + dy, half)) {
          inside++;
        }
      }
    }
    return inside;
  }

  private static void addNoise(byte[] pixels, int noise, SeededStream stream) {
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) Math.clamp((pixels[i] & 0xFF) + stream.between(-noise, noise), 0, 255);
    }
  }
}
