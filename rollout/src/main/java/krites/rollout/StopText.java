package krites.rollout;

import java.util.List;
import krites.model.tokenizer.StreamingDecoder;
import krites.model.tokenizer.Tokenizer;

/** Looks for stop strings in a response while its tokens come. */
final class StopText {
  private final List<String> stops;
  private final int longest;
  private final StreamingDecoder decoder;
  private final StringBuilder tail = new StringBuilder();

  /** For stop strings, at least one. */
  StopText(List<String> stops, Tokenizer tokenizer) {
    this.stops = stops;
    this.longest = stops.stream().mapToInt(String::length).max().orElseThrow();
    this.decoder = tokenizer.streaming(true);
  }

  /** Whether the text that ends with this token has a stop string, which was not there before. */
  boolean completes(int id) {
    tail.append(decoder.next(id));
    boolean found = stops.stream().anyMatch(stop -> tail.indexOf(stop) >= 0);
    tail.delete(0, Math.max(0, tail.length() - (longest - 1)));
    return found;
  }
}
