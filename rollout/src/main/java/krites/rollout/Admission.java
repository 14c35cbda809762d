package krites.rollout;

import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides when a group gets its memory, gives it, and takes it back.
 *
 * <p>A group is admitted when everything it may ever need fits at once: its prompt, unless it is
 * there already, and all columns of its responses. So no response that has begun ever waits for
 * memory. What is kept for reuse makes room first.
 */
final class Admission {
  /**
   * A single response reads a prompt of up to so many tokens into columns of its own: nobody shares
   * it, and attention in two parts costs a small network more than it saves.
   */
  static final int OWN_PROMPT_TOKENS = 256;

  private final RolloutNetwork network;
  private final KvBudget budget;
  private final ReuseCache cache;
  private final SharedPrompts prompts;
  private final DecodeBatch batch;
  private final int groups;
  private final int places;
  private final boolean derived;
  private int longestPrompt;
  private int mostColumns;
  private long hits;

  /** What became of a group that asked. */
  enum Verdict {
    ADMITTED,
    /** When others have left there will be room. */
    WAITS,
    /** It does not fit even alone. */
    NEVER
  }

  /**
   * Admission to a batch.
   *
   * @param groups prompts in use at once, from which the budget is derived
   * @param places rows of the batch at most
   * @param derived whether the budget follows from groups, places and the lengths that come
   */
  Admission(
      RolloutNetwork network,
      KvBudget budget,
      ReuseCache cache,
      SharedPrompts prompts,
      DecodeBatch batch,
      int groups,
      int places,
      boolean derived) {
    this.network = network;
    this.budget = budget;
    this.cache = cache;
    this.prompts = prompts;
    this.batch = batch;
    this.groups = groups;
    this.places = places;
    this.derived = derived;
  }

  /** Groups that found their prompt read. */
  long hits() {
    return hits;
  }

  /**
   * Gives a group its memory if it fits.
   *
   * @param admitted groups that have theirs and no rows in the batch yet
   */
  Verdict admit(RunningGroup group, Collection<RunningGroup> admitted) {
    List<RunningRow> open = group.openRows();
    boolean alone = batch.size() == 0 && admitted.isEmpty();
    int rows = batch.size() + reservedRows(admitted) + open.size();
    if (rows > places && !alone) {
      return Verdict.WAITS;
    }
    int prompt = group.prompt().read();
    boolean shares = prompt > 0 && (open.size() > 1 || prompt > OWN_PROMPT_TOKENS);
    int inOwn = shares ? 0 : prompt;
    int columns = Math.max(reservedColumns(admitted), lastEnd(open) + inOwn);
    SharedPrompts.Key key = SharedPrompts.Key.of(group.prompt());
    Segment shared = shares ? prompts.acquire(key) : null;
    long segments = shares && shared == null ? KvBudget.blocks(prompt) : 0;
    for (RunningRow row : open) {
      segments += KvBudget.blocks(inOwn + row.length());
    }
    if (!fits(segments, rows, columns, prompt)) {
      if (shared != null) {
        prompts.release(shared);
      }
      return alone ? Verdict.NEVER : Verdict.WAITS;
    }
    hits += shared == null ? 0 : 1;
    begin(group, open, key, shares, shared);
    return Verdict.ADMITTED;
  }

  /** Whether new segments and a table of this shape fit, when nothing is kept for reuse. */
  private boolean fits(long segments, int rows, int columns, int prompt) {
    KeyValueTable table = batch.table();
    long ideal = KeyValueTable.blocks(rows, columns);
    long wanted = segments + Math.max(0, ideal - table.blocks());
    if (derived) {
      longestPrompt = Math.max(longestPrompt, prompt);
      mostColumns = Math.max(mostColumns, columns);
      long slots = groups * KvBudget.blocks(longestPrompt) + places * KvBudget.blocks(mostColumns);
      budget.raise(Math.max(slots, budget.used() - cache.blocks() + wanted));
    }
    cache.makeRoom(wanted);
    if (wanted > budget.free() && ideal < table.blocks()) {
      batch.reshape(rows, columns);
    }
    return wanted <= budget.free();
  }

  private void begin(
      RunningGroup group,
      List<RunningRow> open,
      SharedPrompts.Key key,
      boolean shares,
      @Nullable Segment known) {
    group.readings().clear();
    group.share(known);
    if (shares && known == null) {
      Segment fresh = prompts.begin(key, group.prompt().read());
      group.share(fresh);
      group.readings().add(Reading.ofPrompt(fresh, group.prompt()));
    }
    for (RunningRow row : open) {
      if (row.column() > 0) {
        Segment own = new Segment(network, budget, row.column());
        group.own().put(row, own);
        group.readings().add(Reading.ofSequence(own, row));
      }
    }
  }

  /**
   * Puts the open responses of a group that was read into the batch.
   *
   * @param admitted the other groups that have memory and no rows in the batch yet
   */
  void place(RunningGroup group, Collection<RunningGroup> admitted) {
    List<RunningRow> open = group.openRows();
    KeyValueTable table = batch.table();
    int columns = open.stream().mapToInt(Sequence::columns).max().orElse(0);
    if (batch.size() + open.size() > table.rows() || columns > table.columns()) {
      int rows = batch.size() + open.size() + reservedRows(admitted);
      int wide = Math.max(columns, reservedColumns(admitted));
      int roomy = Math.max(rows, Math.min(places, 2 * table.rows()));
      cache.makeRoom(KeyValueTable.blocks(rows, wide) - table.blocks());
      boolean grows = KeyValueTable.blocks(roomy, wide) - table.blocks() <= budget.free();
      batch.reshape(grows ? roomy : rows, wide);
    }
    batch.add(open, open.stream().map(group.own()::get).toList());
    closeOwn(group);
    Segment shared = group.shared();
    if (shared != null && !group.readings().isEmpty()) {
      prompts.completed(shared);
    }
    group.readings().clear();
  }

  /** Takes the memory of a group back; none of its rows is in the batch any more. */
  void release(RunningGroup group) {
    closeOwn(group);
    group.readings().clear();
    Segment shared = group.shared();
    if (shared != null) {
      prompts.release(shared);
      group.share(null);
    }
  }

  /** When nobody has memory the table's is given back. */
  void releaseTable() {
    batch.table().release();
  }

  private static void closeOwn(RunningGroup group) {
    group.own().values().forEach(Segment::close);
    group.own().clear();
  }

  private static int reservedRows(Collection<RunningGroup> admitted) {
    return admitted.stream().mapToInt(group -> group.openRows().size()).sum();
  }

  /** Columns that the batch and admitted groups need. */
  private int reservedColumns(Collection<RunningGroup> admitted) {
    Stream<Sequence> waiting = admitted.stream().flatMap(group -> group.openRows().stream());
    return Stream.concat(batch.rows().stream(), waiting)
        .mapToInt(Sequence::columns)
        .max()
        .orElse(0);
  }

  private static int lastEnd(List<RunningRow> rows) {
    return rows.stream().mapToInt(RunningRow::end).max().orElse(0);
  }
}
