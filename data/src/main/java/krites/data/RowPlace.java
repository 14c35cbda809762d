package krites.data;

import java.nio.file.Path;

/**
 * Where a row stands.
 *
 * @param shard number of the file in the data set, from 0
 * @param unit {@code line} or {@code row}
 * @param number of the row in its file, from 1
 * @param position what finds it again in its file
 */
public record RowPlace(int shard, Path file, String unit, long number, long position) {
  @Override
  public String toString() {
    return file + ", " + unit + " " + number;
  }
}
