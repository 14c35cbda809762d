package krites.actors;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.EvalRecord.TagAccuracy;

/**
 * One evaluation of one version on all sets: which prompts are still to be asked, and what came
 * back. Its groups have negative numbers, which no other round of the run has, and are in no
 * account; one whose worker died is asked again under its number, alone when workers died under it
 * before, and given up when that was no coincidence.
 */
final class EvalRound {
  /** A group to be generated. */
  record Item(long groupId, Prompt prompt) {}

  private record Place(String set, long index) {}

  private final long step;
  private final PolicyVersion version;
  private final Map<String, EvalSet> sets;
  private final Deque<Long> toAsk = new ArrayDeque<>();
  private final Map<Long, Place> open = new LinkedHashMap<>();
  private final Map<Long, Integer> deaths = new HashMap<>();
  private final Map<String, Tally> tallies = new LinkedHashMap<>();
  private final int poisonLimit;
  private final long lowest;

  /**
   * @param before the lowest number of any group of an earlier round, 0 for none: an answer that
   *     comes late must not be taken for one of this round
   * @param poisonLimit workers that may die under one prompt before it is given up
   */
  EvalRound(
      long step, PolicyVersion version, Map<String, EvalSet> sets, long before, int poisonLimit) {
    this.step = step;
    this.version = version;
    this.sets = sets;
    this.poisonLimit = poisonLimit;
    long id = before;
    for (Map.Entry<String, EvalSet> set : sets.entrySet()) {
      tallies.put(set.getKey(), new Tally());
      for (long index = 0; index < set.getValue().items(); index++) {
        open.put(--id, new Place(set.getKey(), index));
        toAsk.add(id);
      }
    }
    this.lowest = id;
  }

  /** The next group to be generated; empty when all were sent. */
  Optional<Item> next() {
    return Optional.ofNullable(toAsk.poll()).map(id -> new Item(id, prompt(id)));
  }

  boolean hasNext() {
    return !toAsk.isEmpty();
  }

  /** Whether the next group needs a worker for itself, so that no neighbour is blamed. */
  boolean isNextSuspect() {
    Long next = toAsk.peek();
    return next != null && poisonLimit > 1 && deaths.getOrDefault(next, 0) >= poisonLimit - 1;
  }

  /** A worker handed a group back; it will be asked again first. */
  void giveBack(long groupId) {
    if (open.containsKey(groupId)) {
      toAsk.addFirst(groupId);
    }
  }

  /** The worker of a group died; true when that was once too often, and the group has failed. */
  boolean lost(long groupId) {
    boolean poison = deaths.merge(groupId, 1, Integer::sum) >= poisonLimit;
    if (poison) {
      failed(groupId);
    } else {
      giveBack(groupId);
    }
    return poison;
  }

  /**
   * An answer has its reward; one that is not open (any more) changes nothing.
   *
   * @throws IllegalStateException if another version than the one under evaluation gave it
   */
  void scored(ScoredGroup scored) {
    Place place = open.remove(scored.id());
    if (place != null) {
      scored.group().responses().forEach(this::requireVersion);
      tally(place.set()).add(scored);
    }
  }

  private void requireVersion(Response response) {
    if (!response.first().equals(version) || !response.last().equals(version)) {
      throw new IllegalStateException(
          "a held-out prompt was answered by %s to %s, and %s is evaluated"
              .formatted(response.first(), response.last(), version));
    }
  }

  void failed(long groupId) {
    Place place = open.remove(groupId);
    if (place != null) {
      tally(place.set()).failed++;
    }
  }

  /** Steps that were trained before it. */
  long step() {
    return step;
  }

  /** What every answer has to come from. */
  PolicyVersion version() {
    return version;
  }

  /** The number before which the next round begins. */
  long lowest() {
    return lowest;
  }

  boolean isDone() {
    return open.isEmpty();
  }

  int remaining() {
    return open.size();
  }

  List<EvalRecord> records(double seconds) {
    List<EvalRecord> records = new ArrayList<>();
    tallies.forEach((set, tally) -> records.add(tally.record(step, version, set, seconds)));
    return records;
  }

  private Prompt prompt(long groupId) {
    Place place = open.get(groupId);
    EvalSet set = place == null ? null : sets.get(place.set());
    if (place == null || set == null) {
      throw new IllegalStateException("eval group " + groupId + " is not open");
    }
    return set.source().prompt(place.index());
  }

  private Tally tally(String set) {
    return tallies.computeIfAbsent(set, name -> new Tally());
  }

  /** Sums over one set. */
  private static final class Tally {
    private long failed;
    private final Mean reward = new Mean();
    private final Mean tokens = new Mean();
    private final Map<String, Mean> terms = new LinkedHashMap<>();
    private final Map<String, Mean> accuracyByTag = new TreeMap<>();

    private void add(ScoredGroup scored) {
      Reward first = scored.rewards().getFirst();
      reward.add(first.total());
      tokens.add(scored.group().responseTokens());
      first
          .terms()
          .forEach((name, value) -> terms.computeIfAbsent(name, k -> new Mean()).add(value));
      Double accuracy = first.terms().get(StepMetrics.ACCURACY);
      if (accuracy != null) {
        scored
            .group()
            .prompt()
            .tags()
            .forEach(
                (key, value) ->
                    accuracyByTag
                        .computeIfAbsent(key + "=" + value, k -> new Mean())
                        .add(accuracy));
      }
    }

    private EvalRecord record(long step, PolicyVersion version, String set, double seconds) {
      Map<String, Double> termMeans = new LinkedHashMap<>();
      terms.forEach((name, mean) -> termMeans.put(name, mean.value()));
      Map<String, TagAccuracy> byTag = new LinkedHashMap<>();
      accuracyByTag.forEach(
          (tag, mean) -> byTag.put(tag, new TagAccuracy(mean.count(), mean.value())));
      return new EvalRecord(
          step,
          version,
          set,
          reward.count() + failed,
          failed,
          reward.value(),
          termMeans,
          tokens.value(),
          byTag,
          seconds);
    }
  }
}
