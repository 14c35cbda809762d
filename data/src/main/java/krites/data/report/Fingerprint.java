package krites.data.report;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import krites.data.format.PairText;
import krites.data.format.Sample;

/**
 * The first eight bytes of a SHA-256: two different things in a million share one with a
 * probability of one in thirty million.
 */
final class Fingerprint {
  private Fingerprint() {}

  static long of(byte[] bytes) {
    try {
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(bytes)).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** Of a text without case, punctuation and the width of its gaps, which copies change. */
  static long of(String text) {
    String plain = text.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}]+", " ").strip();
    return of(plain.getBytes(StandardCharsets.UTF_8));
  }

  /** The question of a sample, without its responses where they can be told apart. */
  static String question(Sample sample) {
    return switch (sample) {
      case Sample.Item item -> item.question();
      case Sample.Pair pair ->
          switch (pair.text()) {
            case PairText.Fields fields -> fields.question();
            case PairText.Whole whole ->
                whole.fields().map(PairText.Fields::question).orElse(whole.text());
          };
    };
  }
}
