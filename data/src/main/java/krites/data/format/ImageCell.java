package krites.data.format;

import java.util.Arrays;

/** An image as a row gives it. */
public sealed interface ImageCell {
  /** The column, for messages. */
  String column();

  /**
   * The bytes of an image file, within the row.
   *
   * @param index place in the column's list, 0 where the column holds one image
   */
  record Embedded(String column, int index, byte[] bytes) implements ImageCell {
    @Override
    public boolean equals(Object other) {
      return other instanceof Embedded that
          && column.equals(that.column)
          && index == that.index
          && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
      return "image of " + bytes.length + " bytes in " + column + "[" + index + "]";
    }
  }

  /** The path of a file, relative to a folder that the reader is told. */
  record Named(String column, String path) implements ImageCell {}
}
