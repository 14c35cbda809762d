package krites.rollout;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import krites.grpo.EncodedPrompt;
import krites.grpo.PartialGroup;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutOutcome;
import krites.model.image.ImageException;
import krites.model.qwen25vl.Qwen25VlConfig;
import org.jspecify.annotations.Nullable;

/**
 * Groups on their way into the batch, in the order in which they came: requests, then groups whose
 * prompt is known and that wait for memory, then groups that have it and are read in pieces.
 *
 * <p>Nobody overtakes, so a large group is not starved by small ones.
 */
final class PrefillQueue {
  private final PromptEncoder encoder;
  private final Qwen25VlConfig config;
  private final Admission admission;
  private final Deque<GroupRequest> requests = new ArrayDeque<>();
  private final Deque<RunningGroup> known = new ArrayDeque<>();
  private final Deque<RunningGroup> reading = new ArrayDeque<>();

  PrefillQueue(PromptEncoder encoder, Qwen25VlConfig config, Admission admission) {
    this.encoder = encoder;
    this.config = config;
    this.admission = admission;
  }

  void add(GroupRequest request) {
    requests.add(request);
  }

  /** Groups in it. */
  int size() {
    return requests.size() + known.size() + reading.size();
  }

  /** Responses of all groups in it. */
  int places() {
    return requests.stream().mapToInt(request -> request.sampling().groupSize()).sum()
        + known.stream().mapToInt(group -> group.rows().size()).sum()
        + reading.stream().mapToInt(group -> group.rows().size()).sum();
  }

  /** Whether a group holds memory in it. */
  boolean holdsMemory() {
    return !reading.isEmpty();
  }

  /**
   * The next pieces to be read, of groups in order, admitting groups as long as there is room.
   *
   * @param tokens that the pieces have together at most
   * @param outcomes receives what ends without being read
   * @param admitted receives groups that were admitted now
   */
  List<PromptReader.Piece> pieces(
      int tokens, List<RolloutOutcome> outcomes, List<RunningGroup> admitted) {
    List<PromptReader.Piece> pieces = new ArrayList<>();
    int left = tokens;
    for (RunningGroup group : reading) {
      left = cut(group, left, pieces);
    }
    while (left > 0) {
      RunningGroup next = next(outcomes);
      if (next == null) {
        break;
      }
      switch (admission.admit(next, reading)) {
        case ADMITTED -> {
          reading.add(next);
          admitted.add(next);
          left = cut(next, left, pieces);
        }
        case WAITS -> {
          known.addFirst(next);
          return pieces;
        }
        case NEVER -> outcomes.add(tooLarge(next));
      }
    }
    return pieces;
  }

  private static RolloutOutcome tooLarge(RunningGroup group) {
    return new RolloutOutcome.Failed(
        group.id(),
        "prompt "
            + group.request().prompt().id()
            + ": its "
            + group.prompt().length()
            + " tokens and "
            + group.openRows().size()
            + " responses do not fit into the memory for keys and values"
            + " (rollout.kv-cache-mib)");
  }

  /** Pieces of one group; returns the tokens that are left for others. */
  private static int cut(RunningGroup group, int tokens, List<PromptReader.Piece> pieces) {
    int left = tokens;
    for (Reading reading : group.readings()) {
      int count = Math.min(left, reading.left());
      if (count > 0) {
        pieces.add(new PromptReader.Piece(reading, count));
        left -= count;
      }
    }
    return left;
  }

  /** The next group that has something to sample; null if there is none. */
  private @Nullable RunningGroup next(List<RolloutOutcome> outcomes) {
    while (known.isEmpty() && !requests.isEmpty()) {
      GroupRequest request = requests.poll();
      try {
        PromptEncoder.Encoded encoded = encoder.encode(request.prompt());
        requireSame(encoded.prompt(), request);
        PromptTokens prompt =
            PromptTokens.of(encoded.prompt().ids().toArray(), encoded.images(), config);
        RunningGroup group =
            new RunningGroup(request, encoded.prompt(), prompt, encoder.tokenizer());
        group.outcome(encoder.tokenizer()).ifPresentOrElse(outcomes::add, () -> known.add(group));
      } catch (IOException | ImageException | IllegalArgumentException e) {
        outcomes.add(
            new RolloutOutcome.Failed(
                request.groupId(), "prompt " + request.prompt().id() + ": " + e.getMessage()));
      }
    }
    return known.poll();
  }

  /** A group that goes on must find the prompt that it was begun with. */
  private static void requireSame(EncodedPrompt now, GroupRequest request) throws IOException {
    if (request.prefix().isPresent() && !request.prefix().get().encoded().equals(now)) {
      throw new IOException("its tokens are not those that the responses were begun with");
    }
  }

  /** Puts groups of which nothing is left to read into the batch; returns them. */
  List<RunningGroup> place() {
    List<RunningGroup> placed = new ArrayList<>();
    while (!reading.isEmpty() && reading.getFirst().unread() == 0) {
      RunningGroup group = reading.removeFirst();
      admission.place(group, reading);
      placed.add(group);
    }
    return placed;
  }

  /** Has everything that is not in the batch read anew: the weights are others. */
  void restart() {
    while (!reading.isEmpty()) {
      RunningGroup group = reading.removeLast();
      admission.release(group);
      known.addFirst(group);
    }
  }

  /** What is there of a group: empty if it is not here, or has not begun and had no prefix. */
  Optional<PartialGroup> progress(long groupId) {
    for (RunningGroup group : reading) {
      if (group.id() == groupId) {
        return Optional.of(group.partial());
      }
    }
    return java.util.stream.Stream.concat(
            known.stream().map(RunningGroup::request), requests.stream())
        .filter(request -> request.groupId() == groupId)
        .findFirst()
        .flatMap(GroupRequest::prefix);
  }

  /** Takes a group out; whether it was here. */
  boolean remove(long groupId) {
    Iterator<RunningGroup> groups = reading.iterator();
    while (groups.hasNext()) {
      RunningGroup group = groups.next();
      if (group.id() == groupId) {
        groups.remove();
        admission.release(group);
        return true;
      }
    }
    return known.removeIf(group -> group.id() == groupId)
        || requests.removeIf(request -> request.groupId() == groupId);
  }
}
