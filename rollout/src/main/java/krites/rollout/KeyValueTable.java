package krites.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import krites.model.torchscript.RawTensors;

/**
 * What sequences have of keys and values of their own: 2L tensors (rows, columns, K * D).
 *
 * <p>Columns are made finite before a row first reaches them, not when the table is made, so that
 * on the CPU memory is taken as responses grow. A changed shape is copied tensor by tensor: beside
 * the table never more than one of its 2L tensors exists twice.
 */
final class KeyValueTable implements AutoCloseable {
  private final RolloutNetwork network;
  private final NDManager owner;
  private final NDList tensors = new NDList();
  private final KvBudget budget;
  private int rows;
  private int columns;
  private int clean;

  KeyValueTable(RolloutNetwork network, KvBudget budget) {
    this.network = network;
    this.budget = budget;
    this.owner = network.manager().newSubManager();
    for (int i = 0; i < 2 * network.config().layers(); i++) {
      tensors.add(
          RawTensors.empty(
              new long[] {0, 0, network.width()}, network.precision().scalarType(), owner));
    }
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  NDList tensors() {
    return tensors;
  }

  /** Blocks that a table of this shape takes. */
  static long blocks(long rows, long columns) {
    return rows * KvBudget.blocks(columns);
  }

  /** Blocks that it takes now. */
  long blocks() {
    return blocks(rows, columns);
  }

  /**
   * Another shape; what lies in the first rows and columns stays. Columns become whole blocks.
   *
   * @param keptRows rows in use
   * @param keptColumns columns that any of them uses
   */
  void reshape(int newRows, int wantedColumns, int keptRows, int keptColumns) {
    int newColumns = Math.toIntExact(KvBudget.blocks(wantedColumns) * KvBudget.BLOCK_TOKENS);
    budget.give(blocks());
    rows = newRows;
    columns = newColumns;
    budget.take(blocks());
    for (int i = 0; i < tensors.size(); i++) {
      NDArray old = tensors.get(i);
      tensors.set(
          i, network.move(owner, "wider", old, newRows, newColumns, keptRows, keptColumns).get(0));
      old.close();
    }
    clean = keptColumns;
  }

  /** Makes sure that everything before this column is a number. */
  void clean(int end) {
    if (end > clean) {
      call("clean", tensors, clean, end - clean);
      clean = end;
    }
  }

  /** Copies a segment to the beginning of a row. */
  void place(Segment segment, int row) {
    clean(segment.tokens());
    call("place", tensors, row, segment.tensor(), segment.tokens());
  }

  /** Copies the first columns of rows onto others; no row is both. */
  void move(long[] from, long[] to, int usedColumns) {
    if (from.length > 0) {
      try (NDManager scope = network.manager().newSubManager()) {
        call("move_rows", tensors, scope.create(from), scope.create(to), usedColumns);
      }
    }
  }

  /** Gives the memory back. */
  void release() {
    reshape(0, 0, 0, 0);
  }

  private void call(String method, Object... arguments) {
    try (NDManager scope = network.manager().newSubManager()) {
      network.move(scope, method, arguments);
    }
  }

  @Override
  public void close() {
    owner.close();
    budget.give(blocks());
  }
}
