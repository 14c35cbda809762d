package krites.rollout;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Tokens on their way into a segment, piece by piece.
 *
 * <p>Two kinds: the prompt of a group, and what a response that goes on has of its own, behind the
 * prompt it shares.
 */
final class Reading {
  private final Segment target;
  private final @Nullable Segment parent;
  private final PromptTokens prompt;
  private final int first;
  private final int[] ids;
  private int done;

  private Reading(
      Segment target, @Nullable Segment parent, PromptTokens prompt, int first, int[] ids) {
    this.target = target;
    this.parent = parent;
    this.prompt = prompt;
    this.first = first;
    this.ids = ids;
  }

  /** The prompt but for its last token. */
  static Reading ofPrompt(Segment target, PromptTokens prompt) {
    return new Reading(target, null, prompt, 0, Arrays.copyOf(prompt.ids(), prompt.read()));
  }

  /** All that a sequence has in columns of its own. */
  static Reading ofSequence(Segment target, Sequence sequence) {
    PromptTokens prompt = sequence.prompt();
    int first = sequence.shared() == null ? 0 : prompt.read();
    int[] ids = Arrays.copyOfRange(prompt.ids(), first, first + sequence.column());
    for (int i = prompt.length() - first; i < ids.length; i++) {
      ids[i] = sequence.token(i - (prompt.length() - first));
    }
    return new Reading(target, sequence.shared(), prompt, first, ids);
  }

  Segment target() {
    return target;
  }

  @Nullable Segment parent() {
    return parent;
  }

  PromptTokens prompt() {
    return prompt;
  }

  /** Tokens that are in the segment. */
  int done() {
    return done;
  }

  /** Tokens that are not. */
  int left() {
    return ids.length - done;
  }

  /** Place in the whole sequence of the next token to be read. */
  int place() {
    return first + done;
  }

  int id(int index) {
    return ids[index];
  }

  /** Position of a token of the segment on an axis. */
  int position(int axis, int index) {
    int place = first + index;
    return place < prompt.length()
        ? prompt.places().axes()[axis][place]
        : prompt.places().next() + place - prompt.length();
  }

  void advance(int tokens) {
    done += tokens;
  }

  /** Forgets what was read: it was read with other weights. */
  void restart() {
    done = 0;
  }
}
