package krites.rollout;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import krites.grpo.TokenIds;
import org.jspecify.annotations.Nullable;

/**
 * The prompts whose keys and values are in use, each once, whoever answers it.
 *
 * <p>A prompt that was read is found by its content while the weights it was read with are in use:
 * by another group at the same time, or later in the {@link ReuseCache}. Who acquired one or began
 * one releases it once.
 */
final class SharedPrompts implements AutoCloseable {
  private final RolloutNetwork network;
  private final KvBudget budget;
  private final ReuseCache cache;
  private final Map<Segment, Holders> inUse = new IdentityHashMap<>();
  private final Map<Key, Segment> complete = new HashMap<>();

  /** A prompt by its content: its tokens and the images behind its image tokens. */
  record Key(TokenIds ids, List<ImageKey> images) {
    static Key of(PromptTokens prompt) {
      return new Key(
          TokenIds.of(prompt.ids()), prompt.runs().stream().map(PromptTokens.Run::key).toList());
    }
  }

  private static final class Holders {
    final Key key;
    int count = 1;

    Holders(Key key) {
      this.key = key;
    }
  }

  SharedPrompts(RolloutNetwork network, KvBudget budget, ReuseCache cache) {
    this.network = network;
    this.budget = budget;
    this.cache = cache;
  }

  /** A prompt that was read already; null if it has to be. */
  @Nullable Segment acquire(Key key) {
    Segment known = complete.get(key);
    if (known != null) {
      holders(known).count++;
      return known;
    }
    if (cache.remove(key) instanceof Segment kept) {
      inUse.put(kept, new Holders(key));
      complete.put(key, kept);
      return kept;
    }
    return null;
  }

  /** Room for a prompt that will be read. */
  Segment begin(Key key, int tokens) {
    Segment fresh = new Segment(network, budget, tokens);
    inUse.put(fresh, new Holders(key));
    return fresh;
  }

  /** A prompt that was begun is read. */
  void completed(Segment segment) {
    complete.putIfAbsent(holders(segment).key, segment);
  }

  /** One holder less; without any it is kept for reuse or closed. */
  void release(Segment segment) {
    Holders holders = holders(segment);
    if (--holders.count > 0) {
      return;
    }
    inUse.remove(segment);
    if (complete.remove(holders.key, segment)) {
      cache.put(holders.key, segment);
    } else {
      segment.close();
    }
  }

  private Holders holders(Segment segment) {
    Holders holders = inUse.get(segment);
    if (holders == null) {
      throw new IllegalStateException("a prompt that nobody holds");
    }
    return holders;
  }

  /** New weights: what is in use goes on, and nobody finds it any more. */
  void forget() {
    complete.clear();
  }

  @Override
  public void close() {
    inUse.keySet().forEach(Segment::close);
    inUse.clear();
    complete.clear();
  }
}
