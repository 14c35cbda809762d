package krites.model.tokenizer;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** The tokens of a tokenizer with their ids: the base vocabulary and the added tokens. */
final class Vocabulary {
  private final Map<String, Integer> ids;
  private final String[] tokens;
  private final Set<Integer> special = new HashSet<>();

  Vocabulary(TokenizerParts parts) {
    ids = HashMap.newHashMap(parts.base().size() + parts.added().size());
    ids.putAll(parts.base());
    parts.added().forEach(added -> ids.put(added.content(), added.id()));
    tokens = new String[ids.values().stream().mapToInt(id -> id + 1).max().orElse(0)];
    ids.forEach((token, id) -> tokens[id] = token);
    parts.added().stream().filter(AddedToken::special).forEach(added -> special.add(added.id()));
  }

  OptionalInt idOf(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** The token of an id; empty if there is none. */
  String tokenOf(int id) {
    return contains(id) ? tokens[id] : "";
  }

  /** Ids are dense: {@link TokenizerParts} has seen to that. */
  boolean contains(int id) {
    return id >= 0 && id < tokens.length;
  }

  /** Whether the id is that of an added token marked as special. */
  boolean isSpecial(int id) {
    return special.contains(id);
  }

  /** The largest id plus one. */
  int size() {
    return tokens.length;
  }
}
