package krites.model.image;

import java.util.Arrays;

/**
 * Resizing as {@code Image.resize} of Pillow 11 does it by default, equal to the bit: bicubic with
 * antialiasing in two passes of 8 bit pixels (first along the rows, then along the columns);
 * pictures with alpha are multiplied by it before and divided after; palette and bilevel pictures
 * take the nearest pixel.
 */
public final class PillowResize {
  private static final int HALF = 1 << (BicubicKernel.PRECISION_BITS - 1);

  private PillowResize() {}

  /** Resizes by bicubic interpolation; an image that has the size already is returned as it is. */
  public static RgbImage bicubic(RgbImage image, ImageSize size) {
    if (image.width() == size.width() && image.height() == size.height()) {
      return image;
    }
    byte[] rgb = bicubic(image.rgb(), image.width(), image.height(), 3, size);
    return new RgbImage(size.width(), size.height(), rgb);
  }

  /** Resizes in the image's own mode, in the way Pillow chooses for that mode. */
  public static DecodedImage resize(DecodedImage image, ImageSize size) {
    if (image.width() == size.width() && image.height() == size.height()) {
      return image;
    }
    int channels = image.mode().channels();
    byte[] samples =
        switch (image.mode()) {
          case L, RGB, CMYK ->
              bicubic(image.samples(), image.width(), image.height(), channels, size);
          case LA, RGBA -> {
            byte[] multiplied = multiplyAlpha(image.samples(), channels);
            yield divideAlpha(
                bicubic(multiplied, image.width(), image.height(), channels, size), channels);
          }
          case P, ONE, I16 -> nearest(image, size);
        };
    return new DecodedImage(image.mode(), size.width(), size.height(), samples, image.palette());
  }

  private static byte[] bicubic(
      byte[] samples, int width, int height, int channels, ImageSize size) {
    requireArray(height, size.width(), channels);
    requireArray(size.height(), size.width(), channels);
    byte[] rows =
        size.width() == width ? samples : alongRows(samples, width, height, channels, size.width());
    return size.height() == height
        ? rows
        : alongColumns(rows, size.width() * channels, height, size.height());
  }

  private static byte[] alongRows(
      byte[] samples, int width, int height, int channels, int newWidth) {
    BicubicKernel kernel = BicubicKernel.of(width, newWidth);
    byte[] resized = new byte[height * newWidth * channels];
    for (int y = 0; y < height; y++) {
      int row = y * width * channels;
      int out = y * newWidth * channels;
      if (channels == 3) {
        rgbRow(samples, row, kernel, newWidth, resized, out);
      } else {
        for (int c = 0; c < channels; c++) {
          channelRow(samples, row + c, channels, kernel, newWidth, resized, out + c);
        }
      }
    }
    return resized;
  }

  private static void rgbRow(
      byte[] samples, int row, BicubicKernel kernel, int newWidth, byte[] resized, int out) {
    int[] weights = kernel.weights();
    for (int x = 0; x < newWidth; x++) {
      int red = HALF;
      int green = HALF;
      int blue = HALF;
      int from = row + 3 * kernel.first()[x];
      int weightsFrom = x * kernel.size();
      int count = kernel.count()[x];
      for (int k = 0; k < count; k++) {
        int weight = weights[weightsFrom + k];
        red += (samples[from] & 0xFF) * weight;
        green += (samples[from + 1] & 0xFF) * weight;
        blue += (samples[from + 2] & 0xFF) * weight;
        from += 3;
      }
      resized[out] = clip(red);
      resized[out + 1] = clip(green);
      resized[out + 2] = clip(blue);
      out += 3;
    }
  }

  private static void channelRow(
      byte[] samples,
      int row,
      int stride,
      BicubicKernel kernel,
      int newWidth,
      byte[] resized,
      int out) {
    for (int x = 0; x < newWidth; x++) {
      int sum = HALF;
      for (int k = 0; k < kernel.count()[x]; k++) {
        sum +=
            (samples[row + (kernel.first()[x] + k) * stride] & 0xFF)
                * kernel.weights()[x * kernel.size() + k];
      }
      resized[out + x * stride] = clip(sum);
    }
  }

  private static byte[] alongColumns(byte[] samples, int rowBytes, int height, int newHeight) {
    BicubicKernel kernel = BicubicKernel.of(height, newHeight);
    byte[] resized = new byte[newHeight * rowBytes];
    int[] sums = new int[rowBytes];
    for (int y = 0; y < newHeight; y++) {
      Arrays.fill(sums, HALF);
      for (int k = 0; k < kernel.count()[y]; k++) {
        int weight = kernel.weights()[y * kernel.size() + k];
        int from = (kernel.first()[y] + k) * rowBytes;
        for (int x = 0; x < rowBytes; x++) {
          sums[x] += (samples[from + x] & 0xFF) * weight;
        }
      }
      for (int x = 0; x < rowBytes; x++) {
        resized[y * rowBytes + x] = clip(sums[x]);
      }
    }
    return resized;
  }

  private static byte clip(int sum) {
    return (byte) Math.clamp(sum >> BicubicKernel.PRECISION_BITS, 0, 255);
  }

  private static byte[] nearest(DecodedImage image, ImageSize size) {
    int[] columns = nearestPositions(image.width(), size.width());
    int[] rows = nearestPositions(image.height(), size.height());
    requireArray(size.height(), size.width(), 1);
    byte[] samples = new byte[size.height() * size.width()];
    for (int y = 0; y < rows.length; y++) {
      for (int x = 0; x < columns.length; x++) {
        samples[y * columns.length + x] = image.samples()[rows[y] * image.width() + columns[x]];
      }
    }
    return samples;
  }

  /**
   * The position is summed up step by step, as in the source, since the rounding of the sum
   * decides.
   */
  private static int[] nearestPositions(int inputSize, int outputSize) {
    int[] positions = new int[outputSize];
    double step = (double) inputSize / outputSize;
    double at = step * 0.5;
    for (int i = 0; i < outputSize; i++) {
      positions[i] = Math.min((int) at, inputSize - 1);
      at += step;
    }
    return positions;
  }

  private static byte[] multiplyAlpha(byte[] samples, int channels) {
    byte[] multiplied = samples.clone();
    for (int pixel = 0; pixel < samples.length; pixel += channels) {
      int alpha = samples[pixel + channels - 1] & 0xFF;
      for (int c = 0; c < channels - 1; c++) {
        int product = (samples[pixel + c] & 0xFF) * alpha + 128;
        multiplied[pixel + c] = (byte) (((product >> 8) + product) >> 8);
      }
    }
    return multiplied;
  }

  private static byte[] divideAlpha(byte[] samples, int channels) {
    for (int pixel = 0; pixel < samples.length; pixel += channels) {
      int alpha = samples[pixel + channels - 1] & 0xFF;
      if (alpha != 0 && alpha != 255) {
        for (int c = 0; c < channels - 1; c++) {
          samples[pixel + c] = (byte) Math.min(255, 255 * (samples[pixel + c] & 0xFF) / alpha);
        }
      }
    }
    return samples;
  }

  private static void requireArray(int height, int width, int channels) {
    if ((long) height * width * channels > Integer.MAX_VALUE - 8) {
      throw new ImageException("expected an image of less than 2 GB, seen " + width + "x" + height);
    }
  }
}
