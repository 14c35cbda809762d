package krites.data.table;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What reading a file gave at one place. */
public sealed interface RowRead {
  /** For messages: the line or row, from 1. */
  long number();

  /**
   * A row.
   *
   * @param position what {@link Table#row} finds it again by
   * @param cells by column or key
   */
  record Row(long number, long position, ObjectNode cells) implements RowRead {}

  /**
   * A place that gives no row.
   *
   * @param problem one line; it names neither file nor number
   * @param lost rows that cannot be read because of it, at least 1
   */
  record Unreadable(long number, String problem, long lost) implements RowRead {}
}
