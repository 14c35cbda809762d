package krites.grpo.objective;

import java.util.Arrays;

/**
 * Which tokens of each response count: true up to and including the token that ended it, false on
 * padding.
 *
 * <p>Shape (responses, tokens); immutable.
 */
public final class TokenMask {
  private final boolean[][] rows;
  private final long count;

  private TokenMask(boolean[][] rows) {
    this.rows = rows;
    long tokens = 0;
    for (boolean[] row : rows) {
      tokens += countTrue(row);
    }
    this.count = tokens;
  }

  /** Copies a mask given as truth values. */
  public static TokenMask of(boolean[][] rows) {
    boolean[][] copy = new boolean[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      copy[i] = rows[i].clone();
    }
    return new TokenMask(copy);
  }

  /**
   * Copies a mask given as zeros and ones.
   *
   * @throws IllegalArgumentException if another number occurs
   */
  public static TokenMask of(int[][] rows) {
    boolean[][] copy = new boolean[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      copy[i] = new boolean[rows[i].length];
      for (int t = 0; t < rows[i].length; t++) {
        if (rows[i][t] != 0 && rows[i][t] != 1) {
          throw new IllegalArgumentException(
              "mask value " + rows[i][t] + " at row " + i + ", token " + t);
        }
        copy[i][t] = rows[i][t] == 1;
      }
    }
    return new TokenMask(copy);
  }

  /**
   * The mask of right-padded responses: tokens after the first stop token do not count, the stop
   * token does.
   *
   * <p>Source: {@code get_response_mask} of EasyR1; several stop ids are allowed, and a response
   * without any counts in full.
   *
   * @param responses token ids, (responses, tokens)
   * @param stopIds ids that end a response
   */
  public static TokenMask untilStop(int[][] responses, int... stopIds) {
    boolean[][] rows = new boolean[responses.length][];
    for (int i = 0; i < responses.length; i++) {
      rows[i] = new boolean[responses[i].length];
      boolean open = true;
      for (int t = 0; t < rows[i].length; t++) {
        rows[i][t] = open;
        int id = responses[i][t];
        open = open && Arrays.stream(stopIds).noneMatch(stop -> stop == id);
      }
    }
    return new TokenMask(rows);
  }

  /** Number of responses. */
  public int rows() {
    return rows.length;
  }

  /** Width of a row, padding included. */
  public int width(int row) {
    return rows[row].length;
  }

  /** Widest row; 0 for no rows. */
  public int width() {
    int width = 0;
    for (boolean[] row : rows) {
      width = Math.max(width, row.length);
    }
    return width;
  }

  /** Whether the token counts. */
  public boolean at(int row, int token) {
    return rows[row][token];
  }

  /** Tokens that count in a row. */
  public int count(int row) {
    return countTrue(rows[row]);
  }

  /** Tokens that count in all rows. */
  public long count() {
    return count;
  }

  /** Rows in which at least one token counts. */
  public int nonEmptyRows() {
    int rowsWithTokens = 0;
    for (boolean[] row : rows) {
      rowsWithTokens += countTrue(row) > 0 ? 1 : 0;
    }
    return rowsWithTokens;
  }

  /** Refuses a table whose shape is not that of this mask; {@code name} appears in the message. */
  void requireShape(double[][] table, String name) {
    if (table.length != rows.length) {
      throw new IllegalArgumentException(
          name + " has " + table.length + " rows, the mask " + rows.length);
    }
    for (int i = 0; i < rows.length; i++) {
      if (table[i].length != rows[i].length) {
        throw new IllegalArgumentException(
            name
                + " has "
                + table[i].length
                + " tokens in row "
                + i
                + ", the mask "
                + rows[i].length);
      }
    }
  }

  /** A table of zeros in the shape of this mask. */
  double[][] zeros() {
    double[][] table = new double[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      table[i] = new double[rows[i].length];
    }
    return table;
  }

  private static int countTrue(boolean[] row) {
    int tokens = 0;
    for (boolean counts : row) {
      tokens += counts ? 1 : 0;
    }
    return tokens;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenMask that && Arrays.deepEquals(rows, that.rows);
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(rows);
  }

  @Override
  public String toString() {
    return "TokenMask[" + rows.length + " rows, " + count + " tokens]";
  }
}
