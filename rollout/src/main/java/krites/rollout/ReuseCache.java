package krites.rollout;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prompts and embeddings of images that nobody uses now, by their content; the one used longest ago
 * is given up first.
 *
 * <p>Everything in it was made with the weights in use: {@link #clear} comes with new ones. Their
 * blocks stay in the account, and {@link #makeRoom} gives them back when a group needs them.
 */
final class ReuseCache implements AutoCloseable {
  private final KvBudget budget;
  private final long limit;
  private final LinkedHashMap<Object, Reusable> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long blocks;

  /**
   * An empty cache.
   *
   * @param limitBytes that it holds at most
   */
  ReuseCache(KvBudget budget, long limitBytes) {
    this.budget = budget;
    this.limit = budget.blocksOfBytes(limitBytes);
  }

  /** Looks something up, which counts as its use; it stays here. */
  @Nullable Reusable get(Object key) {
    return kept.get(key);
  }

  /** Takes something out; who takes it closes it. */
  @Nullable Reusable remove(Object key) {
    Reusable found = kept.remove(key);
    blocks -= found == null ? 0 : found.blocks();
    return found;
  }

  /** Keeps something, or closes it if it is too large or known already. */
  void put(Object key, Reusable value) {
    if (value.blocks() > limit || kept.containsKey(key)) {
      value.close();
      return;
    }
    kept.put(key, value);
    blocks += value.blocks();
    while (blocks > limit) {
      removeEldest();
    }
  }

  /** Gives up what was used longest ago until so many blocks are free or nothing is left. */
  void makeRoom(long wanted) {
    while (budget.free() < wanted && !kept.isEmpty()) {
      removeEldest();
    }
  }

  private void removeEldest() {
    Map.Entry<Object, Reusable> eldest = kept.pollFirstEntry();
    blocks -= eldest.getValue().blocks();
    eldest.getValue().close();
  }

  /** Blocks that could be had by giving up everything. */
  long blocks() {
    return blocks;
  }

  void clear() {
    kept.values().forEach(Reusable::close);
    kept.clear();
    blocks = 0;
  }

  @Override
  public void close() {
    clear();
  }
}
