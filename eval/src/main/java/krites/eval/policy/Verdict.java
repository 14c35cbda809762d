package krites.eval.policy;

import java.util.Optional;

/**
 * What a benchmark makes of one response.
 *
 * @param read the answer that was found in it; empty when none could be read
 * @param correct whether it is right; never where none could be read, but by a draw
 * @param drawn whether the answer was drawn at random, as the published program does where it reads
 *     none
 */
public record Verdict(Optional<String> read, boolean correct, boolean drawn) {
  static Verdict of(String read, boolean correct) {
    return new Verdict(Optional.of(read), correct, false);
  }

  static Verdict unread() {
    return new Verdict(Optional.empty(), false, false);
  }
}
