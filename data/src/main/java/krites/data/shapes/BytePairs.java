package krites.data.shapes;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A byte-level BPE learned until every piece of a corpus is one token: the most frequent pair (over
 * distinct pieces; of equals the first in code point order) is merged until nothing is left to
 * merge.
 *
 * <p>Source of the algorithm: Sennrich, Haddow, Birch (ACL 2016), over bytes as in GPT-2.
 */
final class BytePairs {
  /** How Qwen2 cuts text into pieces, from its {@code tokenizer.json}. */
  static final String SPLIT =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r"
          + "\\n"
          + "\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r"
          + "\\n"
          + "]*|\\s*[\\r"
          + "\\n"
          + "]+|\\s+(?!\\S)|\\s+";

  private static final Pattern PIECE = Pattern.compile(SPLIT, Pattern.UNICODE_CHARACTER_CLASS);

  /** Two neighbouring symbols that become one. */
  record Merge(String left, String right) implements Comparable<Merge> {
    String joined() {
      return left + right;
    }

    @Override
    public int compareTo(Merge other) {
      int byLeft = left.compareTo(other.left);
      return byLeft != 0 ? byLeft : right.compareTo(other.right);
    }
  }

  private BytePairs() {}

  /** The distinct pieces of the texts, in order of first occurrence. */
  static Set<String> pieces(Collection<String> texts) {
    Set<String> pieces = new LinkedHashSet<>();
    texts.forEach(text -> pieces.addAll(split(text)));
    return pieces;
  }

  /** The pieces of a text, in order; together they are the text. */
  static List<String> split(String text) {
    return PIECE.matcher(text).results().map(MatchResult::group).toList();
  }

  /**
   * Merges, in order, after which each piece is a single symbol. An opening brace stays apart from
   * the word behind it, so that the answer in a box is the same token as elsewhere.
   */
  static List<Merge> learn(Set<String> pieces) {
    List<List<String>> words = new ArrayList<>();
    for (String piece : new TreeSet<>(pieces)) {
      boolean boxed =
          piece.length() > 2 && piece.charAt(0) == '{' && Character.isLetter(piece.charAt(1));
      words.add(symbols(boxed ? piece.substring(1) : piece));
    }
    List<Merge> merges = new ArrayList<>();
    while (true) {
      Map<Merge, Integer> counts = new TreeMap<>();
      for (List<String> word : words) {
        for (int i = 0; i + 1 < word.size(); i++) {
          counts.merge(new Merge(word.get(i), word.get(i + 1)), 1, Integer::sum);
        }
      }
      if (counts.isEmpty()) {
        return merges;
      }
      Merge best = null;
      int most = 0;
      for (var entry : counts.entrySet()) {
        if (entry.getValue() > most) {
          best = entry.getKey();
          most = entry.getValue();
        }
      }
      Merge merge = Objects.requireNonNull(best);
      merges.add(merge);
      words.forEach(word -> apply(merge, word));
    }
  }

  /**
   * The printable stand-in of each byte, indexed by the byte: GPT-2's table, as the ByteLevel step
   * uses it.
   */
  static List<String> byteSymbols() {
    List<String> symbols = new ArrayList<>(256);
    int next = 256;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          (value >= '!' && value <= '~')
              || (value >= 0xA1 && value <= 0xAC)
              || (value >= 0xAE && value <= 0xFF);
      symbols.add(Character.toString(printable ? value : next++));
    }
    return symbols;
  }

  /** A piece as one symbol per byte. */
  static List<String> symbols(String piece) {
    List<String> table = byteSymbols();
    List<String> symbols = new ArrayList<>();
    for (byte value : piece.getBytes(StandardCharsets.UTF_8)) {
      symbols.add(table.get(value & 0xFF));
    }
    return symbols;
  }

  /** Replaces each occurrence of the pair, from left to right. */
  static void apply(Merge merge, List<String> word) {
    for (int i = 0; i + 1 < word.size(); i++) {
      if (word.get(i).equals(merge.left()) && word.get(i + 1).equals(merge.right())) {
        word.set(i, merge.joined());
        word.remove(i + 1);
      }
    }
  }
}
